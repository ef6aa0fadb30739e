package cli

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/penstock/penstock/internal/app"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

// What follows is the part of SARIF 2.1.0 (OASIS) that a linter fills.

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool     `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string         `json:"id"`
	ShortDescription sarifMessage   `json:"shortDescription"`
	FullDescription  sarifMessage   `json:"fullDescription"`
	Help             sarifMessage   `json:"help"`
	Configuration    sarifRuleLevel `json:"defaultConfiguration"`
}

type sarifRuleLevel struct {
	Level string `json:"level"`
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifMessage    `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
	Fixes     []sarifFix      `json:"fixes,omitempty"`
}

type sarifLocation struct {
	Physical sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndLine     int `json:"endLine,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"`
}

type sarifFix struct {
	Description sarifMessage  `json:"description"`
	Changes     []sarifChange `json:"artifactChanges"`
}

type sarifChange struct {
	Artifact     sarifArtifact      `json:"artifactLocation"`
	Replacements []sarifReplacement `json:"replacements"`
}

type sarifReplacement struct {
	Deleted  sarifRegion  `json:"deletedRegion"`
	Inserted sarifMessage `json:"insertedContent"`
}

// lintSARIF prints the findings for code scanners. Every rule is described, and of the faults that keep a file from being
// loaded those that were found.
func (c *cli) lintSARIF(l app.Linted) error {
	driver := sarifDriver{Name: "pi lint", Version: c.Version, Rules: sarifRules(l.Findings)}
	results := []sarifResult{}
	for _, one := range l.Findings {
		results = append(results, c.sarifResult(one, driver.Rules))
	}
	e := json.NewEncoder(c.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{
		Schema: sarifSchema, Version: "2.1.0",
		Runs: []sarifRun{{Tool: sarifTool{driver}, ColumnKind: "unicodeCodePoints", Results: results}},
	})
}

func sarifRules(found []lint.Finding) (out []sarifRule) {
	for _, r := range lint.Rules() {
		out = append(out, sarifRule{
			ID: string(r.Code), ShortDescription: sarifMessage{r.Summary}, FullDescription: sarifMessage{r.Why}, Help: sarifMessage{r.Why},
			Configuration: sarifRuleLevel{sarifLevel(r.Severity)},
		})
	}
	for _, one := range found {
		if slices.ContainsFunc(out, func(r sarifRule) bool { return r.ID == string(one.Code) }) {
			continue
		}
		info := fault.InfoOf(one.Code)
		what, fix := info.Summary, info.Fix
		if what == "" {
			what, fix = "a fault that another part of the program names", "see the message"
		}
		out = append(out, sarifRule{
			ID: string(one.Code), ShortDescription: sarifMessage{what}, FullDescription: sarifMessage{what}, Help: sarifMessage{fix},
			Configuration: sarifRuleLevel{sarifLevel(one.Severity)},
		})
	}
	return out
}

func sarifLevel(s lint.Severity) string {
	if s == lint.Hint {
		return "note"
	}
	return string(s)
}

func (c *cli) sarifResult(one lint.Finding, rules []sarifRule) sarifResult {
	text := c.clean(one.Message)
	if one.Hint != "" {
		text += "; " + c.clean(one.Hint)
	}
	out := sarifResult{
		RuleID: string(one.Code), Level: sarifLevel(one.Severity), Message: sarifMessage{text},
		RuleIndex: slices.IndexFunc(rules, func(r sarifRule) bool { return r.ID == string(one.Code) }),
	}
	if one.Pos.File == "" {
		return out
	}
	artifact := sarifArtifact{fileURI(one.Pos.File)}
	place := sarifPhysical{Artifact: artifact}
	if one.Pos.Line > 0 {
		region := sarifPart(one.Pos, one.End)
		place.Region = &region
	}
	out.Locations = []sarifLocation{{place}}
	if one.Fix == nil {
		return out
	}
	change := sarifChange{Artifact: artifact}
	for _, e := range one.Fix.Edits {
		change.Replacements = append(change.Replacements, sarifReplacement{sarifPart(e.Pos, e.End), sarifMessage{e.Text}})
	}
	out.Fixes = []sarifFix{{sarifMessage{c.clean(one.Fix.Title)}, []sarifChange{change}}}
	return out
}

func sarifPart(pos, end fault.Position) sarifRegion {
	out := sarifRegion{StartLine: pos.Line, StartColumn: pos.Column}
	if end.Line > 0 && end.Column > 0 {
		out.EndLine, out.EndColumn = end.Line, end.Column
	}
	return out
}

// fileURI gives a relative name as a relative reference, and an absolute one as a file URI.
func fileURI(name string) string {
	u := url.URL{Path: filepath.ToSlash(name)}
	if strings.HasPrefix(u.Path, "/") {
		u.Scheme = "file"
		return u.String()
	}
	return strings.TrimPrefix(u.String(), "./")
}
