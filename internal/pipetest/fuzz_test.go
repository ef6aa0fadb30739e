package pipetest_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/penstock/penstock/internal/pipetest"
	"github.com/penstock/penstock/runtime/fault"
)

// FuzzParse holds that every text gives a file or faults, each with a code and, when it has a line, a position in
// the file, and that it does so in a short time.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no golden files: %v", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if filepath.Ext(file.Name) == ".yaml" {
				f.Add(file.Data)
			}
		}
	}
	lang := pipetest.NewLanguage(time.Now)
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := pipetest.Parse("a.test.yaml", src, lang)
		if err == nil {
			if file == nil || len(file.Cases) == 0 {
				t.Fatal("there is neither a file nor a fault")
			}
			return
		}
		var list fault.List
		if !errors.As(err, &list) || len(list) == 0 {
			t.Fatalf("the error is no list: %v", err)
		}
		for _, e := range list {
			if e.Code == "" || e.Pos.File != "a.test.yaml" || e.Pos.Line < 1 || e.Pos.Column < 1 {
				t.Fatalf("a fault without code or place: %q %v", e.Code, e)
			}
		}
	})
}

func TestFormatIsWhole(t *testing.T) {
	t.Parallel()
	format := pipetest.Format()
	var check func(path string, f *pipetest.Field)
	check = func(path string, f *pipetest.Field) {
		if f.Kind == "" || path != "" && f.Name != "" && f.Summary == "" {
			t.Errorf("%s: kind %q, summary %q", path, f.Kind, f.Summary)
		}
		if (f.Kind == pipetest.KindList) != (f.Item != nil) {
			t.Errorf("%s: a list has an item, and nothing else has", path)
		}
		for i := range f.Fields {
			check(path+"."+f.Fields[i].Name, &f.Fields[i])
		}
		if f.Item != nil {
			check(path+"[]", f.Item)
		}
	}
	check("", &format)
}

func TestHugeFileIsRefused(t *testing.T) {
	t.Parallel()
	_, err := pipetest.Parse("a.test.yaml", make([]byte, 5<<20), pipetest.NewLanguage(time.Now))
	if fault.CodeOf(err) != fault.TestSyntax {
		t.Errorf("it is refused with %v", err)
	}
}

func TestFindReportsWhatIsNotThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"b.test.yaml", "a.test.yaml", "a.pi.yaml", "sub/c.test.yaml", ".hidden/d.test.yaml"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := pipetest.Find([]string{dir, filepath.Join(dir, "a.test.yaml")})
	if err != nil || len(files) != 3 || filepath.Base(files[0]) != "a.test.yaml" || filepath.Base(files[2]) != "c.test.yaml" {
		t.Errorf("found %v, %v", files, err)
	}
	if _, err := pipetest.Find([]string{filepath.Join(dir, "gone")}); fault.CodeOf(err) != fault.PipelineRead {
		t.Errorf("a path that is not there: %v", err)
	}
}
