package pipetest

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	File     string      `xml:"file,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Time    string        `xml:"time,attr"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Error   *junitMessage `xml:"error,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the report as JUnit XML. refused, the error of [Runner.Run], becomes one erroneous case; clean
// is asked for every text, so that no secret is written.
func (r *Report) WriteJUnit(w io.Writer, refused error, clean func(string) string) error {
	valid := func(text string) string { return printable(clean(text)) }
	all := junitSuites{Skipped: r.Count(Skipped), Failures: r.Failed()}
	total := 0.0
	for _, f := range r.Files {
		s := junitSuite{Name: valid(f.Pipeline), File: valid(f.Path), Tests: len(f.Cases)}
		took := 0.0
		for _, c := range f.Cases {
			one := junitCase{Name: valid(c.Name), Class: valid(f.Path), File: valid(c.File), Line: c.Line, Time: seconds(c.Took.Seconds())}
			took += c.Took.Seconds()
			switch c.Outcome {
			case Failed:
				s.Failures++
				one.Failure = &junitMessage{Message: valid(c.Problems[0].What), Type: "test.failed", Text: valid(strings.Join(c.Lines(), "\n"))}
			case Skipped:
				s.Skipped++
				one.Skipped = &junitMessage{Message: valid(c.Why)}
			}
			s.Cases = append(s.Cases, one)
		}
		s.Time = seconds(took)
		total += took
		all.Tests += s.Tests
		all.Suites = append(all.Suites, s)
	}
	if refused != nil {
		all.Tests++
		all.Errors++
		all.Suites = append(all.Suites, junitSuite{
			Name: "files that cannot be run", Tests: 1, Errors: 1, Time: seconds(0),
			Cases: []junitCase{{Name: "files", Class: "files", Time: seconds(0), Error: &junitMessage{Message: "a file cannot be run", Text: valid(refused.Error())}}},
		})
	}
	all.Time = seconds(total)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func seconds(f float64) string { return fmt.Sprintf("%.3f", f) }

// printable takes out what XML cannot hold.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '\t' || c >= ' ' && c != 0xfffe && c != 0xffff && utf8.ValidRune(c) {
			return c
		}
		return '\uFFFD'
	}, text)
}
