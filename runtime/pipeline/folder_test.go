package pipeline_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/penstock/penstock/runtime/pipeline"
)

// Combine keeps of each broken file its last good plan, and never a set that does not fit together.
func TestCombine(t *testing.T) {
	t.Parallel()
	const leaf, broken = "pipeline:\n  - body.set: %\n", "pipeline:\n  - lgo: %\n"
	calls := func(name string) string { return "pipeline:\n  - body.set: %\n  - pipeline.run: " + name + "\n" }
	for name, c := range map[string]struct {
		before, after string // file=text pairs
		files         map[string]string
		want          string // name:text; empty = no set is whole
		faults        []string
	}{
		"all new": {files: map[string]string{"a.pi.yaml": leaf, "x/b.pi.yaml": leaf}, want: "a:new x.b:new"},
		"one broken, never good": {
			files: map[string]string{"a.pi.yaml": leaf, "b.pi.yaml": broken}, want: "a:new", faults: []string{`b.pi.yaml:2:5: unknown command "lgo"`},
		},
		"one broken, once good": {
			before: "a b", files: map[string]string{"a.pi.yaml": leaf, "b.pi.yaml": broken}, want: "a:new b:old", faults: []string{"b.pi.yaml:2:5"},
		},
		"a caller of a broken one that was never good": {
			files: map[string]string{"a.pi.yaml": calls("b"), "b.pi.yaml": broken, "c.pi.yaml": leaf}, want: "c:new",
			faults: []string{"b.pi.yaml:2:5", `a.pi.yaml:3:19: there is no pipeline "b"`},
		},
		"a caller of a broken one that was good": {
			before: "b", files: map[string]string{"a.pi.yaml": calls("b"), "b.pi.yaml": broken}, want: "a:new b:old", faults: []string{"b.pi.yaml:2:5"},
		},
		"a caller of nothing keeps its last good one": {
			before: "a", files: map[string]string{"a.pi.yaml": calls("gone"), "c.pi.yaml": leaf}, want: "a:old c:new",
			faults: []string{`there is no pipeline "gone"`},
		},
		"callers of callers": {
			before: "b", files: map[string]string{"a.pi.yaml": calls("b"), "b.pi.yaml": calls("c"), "c.pi.yaml": calls("d")}, want: "a:new b:old",
			faults: []string{`there is no pipeline "d"`, `there is no pipeline "c"`},
		},
		"the last good one calls what is gone": {
			before: "b>c", files: map[string]string{"b.pi.yaml": broken, "a.pi.yaml": leaf}, faults: []string{"b.pi.yaml:2:5"},
		},
		"two files of one name": {
			before: "x.a", files: map[string]string{"x/a.pi.yaml": leaf, "x.a.pi.json": `{"pipeline":["exit"]}`, "b.pi.yaml": leaf}, want: "b:new x.a:old",
			faults: []string{"the pipeline x.a is already defined by"},
		},
		"another suffix":                {files: map[string]string{"a.pi.yml": leaf}, want: "", faults: []string{"a pipeline file ends in .pi.yaml"}},
		"hidden files are no pipelines": {files: map[string]string{".a.pi.yaml": broken, ".git/b.pi.yaml": broken, "c.txt": broken}, want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old := map[string]*pipeline.Plan{}
			for _, spec := range strings.Fields(c.before) {
				name, callee, isCaller := strings.Cut(spec, ">")
				text := leaf
				if isCaller {
					text = calls(callee)
				}
				plan, err := pipeline.LoadAs(name+".pi.yaml", name, []byte(strings.ReplaceAll(text, "%", "old")), deps(t, &world{}))
				if err != nil {
					t.Fatal(err)
				}
				old[name] = plan
			}
			fsys := fstest.MapFS{}
			for file, text := range c.files {
				fsys[file] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, "%", "new"))}
			}
			good := func(name string) *pipeline.Plan { return old[name] }
			files, err := pipeline.LoadFiles(fsys, deps(t, &world{}), good)
			if err != nil {
				t.Fatal(err)
			}
			set, err := pipeline.Combine(files, good)
			whole := err == nil
			var got []string
			for _, p := range set {
				state := "new"
				if strings.Contains(string(p.Source()), "old") {
					state = "old"
				}
				got = append(got, p.Name()+":"+state)
			}
			if have := strings.Join(got, " "); have != c.want || whole != (c.want != "" || len(c.before) == 0) {
				t.Errorf("the set is %q (whole: %v), want %q", have, whole, c.want)
			}
			all := pipeline.FaultsOf(files).Error()
			for _, want := range c.faults {
				if !strings.Contains(all, want) {
					t.Errorf("the faults lack %q:\n%s", want, all)
				}
			}
			if len(c.faults) == 0 && all != "" {
				t.Errorf("faults: %s", all)
			}
		})
	}
}

// A file that did not change is not compiled again.
func TestLoadFilesTakesKnownPlans(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{"a.pi.yaml": {Data: []byte("pipeline:\n  - body.set: x\n")}, "b.pi.yaml": {Data: []byte("pipeline:\n  - log: x\n")}}
	first, err := pipeline.LoadFiles(fsys, deps(t, &world{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	fsys["b.pi.yaml"] = &fstest.MapFile{Data: []byte("pipeline:\n  - body.set: y\n")}
	again, err := pipeline.LoadFiles(fsys, deps(t, &world{}), func(name string) *pipeline.Plan {
		return map[string]*pipeline.Plan{"a": first[0].Plan, "b": first[1].Plan}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	if again[0].Plan != first[0].Plan || again[1].Plan == first[1].Plan {
		t.Error("the wrong file was compiled again")
	}
}
