package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/penstock/penstock/runtime/pipeline/lint"
)

// lintPage describes the rules of the linter.
func lintPage(w *bytes.Buffer) error {
	fmt.Fprintf(w, "# Rules of `pi lint`\n\n"+
		"`pi lint` tells everything that keeps a pipeline from being loaded, with the codes of the page [Error codes](errors.md), and what these rules find. An\n"+
		"**error** fails the check; a **warning** is most likely not what was meant and fails it with `--strict`; a **hint** is worth a look.\n\n"+
		"A comment silences one rule, in its own line or, when it stands alone, in the next one:\n\n"+
		"```yaml\nvars:\n  # lint:ignore lint.variable.unused the plugin reads it\n  region: eu\n```\n\n"+
		"What keeps a file from being loaded cannot be silenced. The exit code is 0 when there is no error, 2 when there is one or when the\n"+
		"command line is wrong (so that no file is found is 2), and 3 when only something could not be read.\n\n"+
		"Every example on this page is executed by the tests.\n\n| code | severity | |\n|---|---|---|\n")
	for _, r := range lint.Rules() {
		fmt.Fprintf(w, "| [`%s`](#%s) | %s | %s |\n", r.Code, anchor(string(r.Code)), r.Severity, cell(r.Summary))
	}
	for _, r := range lint.Rules() {
		fmt.Fprintf(w, "\n## %s\n\n%s: %s.\n\n%s\n", r.Code, strings.ToUpper(string(r.Severity[:1]))+string(r.Severity[1:]), r.Summary, r.Why)
		lintExample(w, "It is found here:", &r.Bad)
		lintExample(w, "And not here:", &r.Good)
	}
	return nil
}

func lintExample(w *bytes.Buffer, what string, e *lint.Example) {
	fmt.Fprintf(w, "\n%s\n\n```yaml\n%s```\n", what, e.Text)
	for _, source := range e.Events {
		fmt.Fprintf(w, "\nwith a declared webhook of `eventKey: %s` and `payloadType: %s`\n", source.Key, source.Payload)
	}
	for _, name := range e.Names() {
		fmt.Fprintf(w, "\nbeside `%s`:\n\n```yaml\n%s```\n", name, e.Beside[name])
	}
}
