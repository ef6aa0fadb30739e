package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/penstock/penstock/configs"
	"github.com/penstock/penstock/runtime/fault"
)

func errorsPage(w *bytes.Buffer) error {
	fmt.Fprintf(w, "# Error codes\n\nCodes are stable: they are never renamed or reused. The exit code of the CLI follows the kind: "+
		"1 run time, 2 input, 3 environment. `pi lint --explain CODE` prints a line of this table.\n\n"+
		"| code | exit | what happened | what to do |\n|---|---|---|---|\n")
	for _, i := range fault.Codes() {
		fmt.Fprintf(w, "| `%s` | %d | %s | %s |\n", i.Code, i.Kind, cell(i.Summary), cell(i.Fix))
	}
	return nil
}

func configPage(w *bytes.Buffer) error {
	fmt.Fprintf(w, "# Settings\n\nThe reference with comments is [configs/default.yaml](../../configs/default.yaml). "+
		"In the environment a key is `PI_` and its words in capitals, two underscores lead one level down: `PI_STORE__DIR`.\n\n"+
		"| key | type | default | |\n|---|---|---|---|\n")
	for _, k := range configs.Keys() {
		fmt.Fprintf(w, "| `%s` | %s | `%s` | %s |\n", k.Key, k.Type, k.Default, cell(k.Comment))
	}
	return nil
}

func cell(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "|", "\\|"), "\n", " ")
}
