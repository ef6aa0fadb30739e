package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/penstock/penstock/internal/pipetest"
)

func testsPage(w *bytes.Buffer) error {
	fmt.Fprintf(w, "# Test files\n\nEverything that a `*%s` may say. [Testing pipelines](../testing.md) tells how they are used. "+
		"In values marked *any* texts may hold expressions; values marked *expected* may be matchers, too.\n\n", pipetest.Suffix)
	format := pipetest.Format()
	fmt.Fprintf(w, "| name | what it is | |\n|---|---|---|\n")
	testRows(w, "", &format)
	return nil
}

// testRows writes a row for each field below f.
func testRows(w *bytes.Buffer, path string, f *pipetest.Field) {
	for i := range f.Fields {
		one := &f.Fields[i]
		name := path + one.Name
		kind := string(one.Kind)
		if one.Short != "" {
			kind += ", or a text: its " + one.Short
		}
		if len(one.Enum) > 0 {
			kind = strings.Join(one.Enum, ", ")
		}
		if one.Required {
			kind += "; required"
		}
		fmt.Fprintf(w, "| `%s` | %s | %s |\n", name, cell(kind), cell(one.Summary))
		if path == "cases[]." && one.Name != "expect" { // they are those of the file
			continue
		}
		testRows(w, name+".", one)
		if one.Item != nil {
			testRows(w, name+"[].", one.Item)
		}
	}
}
