package lint

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline"
)

func secretRules() []*Rule {
	return []*Rule{
		{
			Code: "lint.secret.format", Severity: Error,
			Summary: "a secret of a known form stands in the file",
			Why: "Whoever reads the file, its history or a backup has the secret. Withdraw it where it was issued, keep the new one outside (env:NAME or file:PATH in the " +
				"configuration, a webhook's secret or a plugin's grant), and let the pipeline name it. The value is never shown here.",
			Bad:  Example{Text: "pipeline:\n  - set: \"AKIA" + "ABCDEFGHIJKLMNOP\"\n"},
			Good: Example{Text: "pipeline:\n  - set: AKIA is how such keys begin\n"},
			file: knownSecrets,
		},
		{
			Code: "lint.secret.name", Severity: Warning,
			Summary: "a text stands in the file under a name that secrets have",
			Why: "A value under password, secret, token or apiKey is most likely one. Keep it outside of the file: parameters that take secrets also take env:NAME and " +
				"file:PATH. The value is never shown here.",
			Bad:  Example{Text: "pipeline:\n  - crm.get: {url: \"https://example.org\", headers: {X-Api-Key: 0d9a8f7e6b5c}}\n"},
			Good: Example{Text: "pipeline:\n  - crm.get: {url: \"https://example.org\", headers: {X-Api-Key: \"${vars.key}\"}, password: env:API_PASSWORD}\n"},
			file: namedSecrets,
		},
	}
}

// secretForms are the forms that issuers give their secrets; each needs its whole length, so that the name of a form is none.
var secretForms = []struct { //nolint:gochecknoglobals // constant data
	what string
	form *regexp.Regexp
}{
	{"an access key of AWS", regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z2-7]{16}\b`)},
	{"a token of GitHub", regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b`)},
	{"a token of GitLab", regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{20,}`)},
	{"a token of Slack", regexp.MustCompile(`\bxox[abprs]-[A-Za-z0-9-]{10,}\b`)},
	{"an address of Slack that lets anybody post", regexp.MustCompile(`\bhooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{16,}`)},
	{"a key of Stripe", regexp.MustCompile(`\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}\b`)},
	{"a signing secret of a webhook", regexp.MustCompile(`\bwhsec_[A-Za-z0-9+/=]{20,}`)},
	{"a key of Google", regexp.MustCompile(`\bAIza[A-Za-z0-9_-]{35}\b`)},
	{"a key of SendGrid", regexp.MustCompile(`\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`)},
	{"a token of npm", regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}\b`)},
	{"a key of OpenAI or Anthropic", regexp.MustCompile(`\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}`)},
	{"a private key", regexp.MustCompile(`-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----`)},
	{"a JSON Web Token", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}`)},
	{"a password in an address", regexp.MustCompile(`\b[a-z][a-z0-9+.-]*://[^\s/:@$#{}<>]+:[^\s/@$#{}<>*]{3,}@[A-Za-z0-9\[]`)},
	{"a credential", regexp.MustCompile(`^(?:Bearer|Basic|Token|Apitoken) +[A-Za-z0-9+/_.~-]{16,}={0,2}$`)},
}

// secretIn names the kind of secret that a text holds, "" for none.
func secretIn(text string) string {
	if len(text) < 11 { // no form is shorter
		return ""
	}
	for _, f := range secretForms {
		if f.form.MatchString(text) {
			return f.what
		}
	}
	return ""
}

var (
	secretName = regexp.MustCompile(`(?i)(?:^|[a-z0-9_.-])(?:password|passwd|passphrase|secret|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|(?:access|auth|api|bearer|refresh)[_-]?token|token)$`)
	reference  = regexp.MustCompile(`^(?:env:|file:|sha256:|\$?uri:|\*+$|x+$|<.*>$)`)
)

func knownSecrets(f *file, r reporter) {
	for _, v := range f.values {
		if text, ok := v.Text(); ok {
			if what := secretIn(text); what != "" {
				r.at(f, v.Pos, f.wholeEnd(v.Value, text), "%s stands here in plain text", what).hint("withdraw it, and keep the new one outside of the file")
			}
		}
	}
}

func namedSecrets(f *file, r reporter) {
	for _, v := range f.values {
		text, ok := v.Text()
		name := v.path[len(v.path)-1]
		switch {
		case !ok || !f.plain(v.Value, text) || len(text) < 4 || reference.MatchString(text) || chain.MatchString(text) || secretIn(text) != "":
			continue
		case !v.secret(name):
			continue
		}
		r.at(f, v.Pos, f.wholeEnd(v.Value, text), "%q most likely is a secret, and stands here in plain text", name).hint("keep it outside of the file, and write env:NAME, file:PATH or an expression")
	}
}

// wholeEnd gives where the text of a scalar ends in its first line, so that all of it can be masked.
func (f *file) wholeEnd(v *pipeline.Value, text string) fault.Position {
	end := scalarEnd(f.lines, v.Pos, text)
	if end.Column <= v.Pos.Column+1 && v.Pos.Line >= 1 && v.Pos.Line <= len(f.lines) { // over several lines
		end.Column = max(end.Column, utf8.RuneCountInString(f.lines[v.Pos.Line-1])+1)
	}
	if c := f.at(v.Pos); c != '"' && c != '\'' && c != '|' && c != '>' && f.at(end) != 0 && !strings.ContainsRune(" ,]}#\t", f.at(end)) {
		end.Column = utf8.RuneCountInString(f.lines[end.Line-1]) + 1
	}
	return end
}

// at gives the character at a place, 0 when there is none.
func (f *file) at(pos fault.Position) rune {
	if pos.Line < 1 || pos.Line > len(f.lines) || pos.Column < 1 {
		return 0
	}
	line := []rune(f.lines[pos.Line-1])
	if pos.Column > len(line) {
		return 0
	}
	return line[pos.Column-1]
}

// plain reports whether a text is taken as it stands, also where a fault kept it from being compiled.
func (f *file) plain(v *pipeline.Value, text string) bool {
	if prefix := f.Outline.Prefix; prefix != "" {
		return v.Expression == nil && !strings.Contains(text, prefix+"{")
	}
	return v.Expression == nil && !strings.Contains(text, "${") && !strings.Contains(text, "#{")
}

// secret reports whether a value is one by what its command says of the parameter, or else by its name.
func (v *value) secret(name string) bool {
	if v.step != nil && v.step.Spec != nil && len(v.path) == 1 {
		if own, known := v.step.Spec.Param(name); known {
			if own.Secret || strings.EqualFold(name, "secret") || strings.EqualFold(name, "token") {
				return own.Secret // such a parameter without the mark takes the name of a kept secret
			}
		}
	}
	return secretName.MatchString(name) && v.Kind == pipeline.Scalar
}
