package lsp

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/iam"
	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

var update = flag.Bool("update", false, "write the wanted texts of the golden files anew")

func now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// options are those of a server with the built-in commands and one of a plugin.
// OptionsOfTests gives tests outside of the package the same.
func OptionsOfTests(t testing.TB) Options { return options(t) }

func options(t testing.TB) Options {
	t.Helper()
	mail := command.Definition{Spec: command.Spec{
		Name: "mail.send", Summary: "Sends a mail.", Effect: true, Result: "A receipt.",
		Params: []command.Param{
			{Name: "to", Type: command.TypeList, Required: true, Summary: "Who gets it."},
			{Name: "subject", Type: command.TypeText, Required: true, Summary: "What it is about."},
			{Name: "message", Type: command.TypeText, Aliases: []string{"body"}, Summary: "What it says."},
			{Name: "urgent", Type: command.TypeBoolean, Default: false, Summary: "It is marked."},
		},
	}}
	registry, err := command.NewRegistry(append(builtin.All(builtin.Deps{Now: now}), mail)...)
	if err != nil {
		t.Fatal(err)
	}
	all := iam.Identity{Roles: []string{"all"}, Pipelines: []string{"*"}}
	policy, err := iam.NewPolicy(map[string][]string{"all": {"CAN_CMD_*"}}, map[string]iam.Identity{iam.Anonymous: all, "systemuser": all})
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Registry: registry, Pipelines: "/w/pipelines", Version: "v1.2.3", Forms: []Form{form()},
		Lint: lint.Setup{Deps: pipeline.Deps{Commands: registry, Language: expr.New(expr.Options{Now: now}), Policy: policy}},
	}
}

// form is a form of files with everything that one can have.
func form() Form {
	text := func(name string) Field {
		return Field{Param: command.Param{Name: name, Type: command.TypeText, Summary: "A text."}}
	}
	code := text("code")
	code.Words = []string{"mail.rejected"}
	end := text("status")
	end.Enum = []string{"done", "failed"}
	fail := Field{Param: command.Param{Name: "fail", Type: command.TypeMap, Summary: "A failure."}, Fields: []Field{code, text("message")}, Words: code.Words}
	cases := Field{Param: command.Param{Name: "cases", Type: command.TypeList, Required: true, Summary: "The cases."}, Fields: []Field{text("name"), fail, end}}
	return Form{Suffix: ".form.yaml", Expressions: true, Fields: []Field{text("title"), cases}}
}

// TestGolden: in every case the first | is the cursor. The other files of an archive are the workspace, and the
// kind of a case is what its name ends with:
//
//	complete, snippet  what an editor shows that filters by what was typed, each with the line that it makes
//	hover              the text that is told about, and what is told
//	define             where it leads
//	symbols            the tree
func TestGolden(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	words, cases := newVocabulary(options(t).Registry, form()), 0
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files, want := newWorkspace(words, "/w/pipelines"), map[string]string{}
		files.addRoot("file:///w")
		for _, f := range archive.Files {
			if isOurs(f.Name) {
				files.put("/w/pipelines/"+f.Name, string(f.Data))
			}
			want[f.Name] = string(f.Data)
		}
		out := txtar.Archive{Comment: archive.Comment}
		for _, f := range archive.Files {
			name, kind, _ := strings.Cut(f.Name, ".")
			if isOurs(f.Name) {
				out.Files = append(out.Files, f)
				continue
			}
			if kind == "want" {
				continue
			}
			cases++
			got := answer(t, files, name, kind, string(f.Data))
			if diff := cmp.Diff(want[name+".want"], got); diff != "" && !*update {
				t.Errorf("%s: %s: %s", path, f.Name, diff)
			}
			out.Files = append(out.Files, f, txtar.File{Name: name + ".want", Data: []byte(got)})
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(&out), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if cases < 60 {
		t.Errorf("there are only %d cases", cases)
	}
}

func answer(t *testing.T, files *workspace, name, kind, text string) string {
	t.Helper()
	file := "/w/pipelines/" + name + ".pi.yaml"
	for _, kind := range []string{"webhook", "form"} { // the name says of which kind the file is
		if strings.HasPrefix(name, kind+"-") {
			file = "/w/pipelines/" + name + "." + kind + ".yaml"
		}
	}
	at := strings.IndexByte(text, '|')
	if at >= 0 {
		text = text[:at] + text[at+1:]
	} else if kind != "symbols" {
		t.Fatalf("%s has no cursor", name)
	}
	d := &document{uri: uriOf(file), path: file, text: newText(text), open: true}
	files.open = map[string]*document{d.uri: d}
	switch kind {
	case "complete", "snippet":
		c := completer{
			words: files.words, around: view{files, d}, prefix: pipeline.DefaultMessagePrefix, snippet: kind == "snippet", text: d.text, offset: at,
		}
		return proposals(d.text, at, c.complete(file))
	case "hover":
		h, ok := files.words.hover(file, d.text, at)
		if !ok {
			return "nothing\n"
		}
		return fmt.Sprintf("%q\n%s\n", text[d.text.offset(h.Range.Start):d.text.offset(h.Range.End)], h.Contents.Value)
	case "define":
		r := files.words.refers(file, d.text, at)
		if r.node != nil {
			p := d.text.position(r.node.Inner)
			return fmt.Sprintf("here %d:%d %s\n", p.Line, p.Character, r.node.Text)
		}
		if to := (view{files, d}).find(r.pipeline); to != nil {
			return to.uri + "\n"
		}
		return "nothing\n"
	case "symbols":
		var b strings.Builder
		tree(&b, files.words.symbols(file, d.text), "")
		return b.String()
	}
	t.Fatalf("%s: a case of no known kind", name)
	return ""
}

// proposals shows what an editor would, in its order.
func proposals(text *text, at int, items []completionItem) string {
	const most = 10
	var b strings.Builder
	shown := 0
	for _, item := range items {
		typed := text.s[text.offset(item.TextEdit.Range.Start):at]
		label := item.FilterText
		if label == "" {
			label = item.Label
		}
		if !strings.HasPrefix(strings.ToLower(label), strings.ToLower(typed)) {
			continue
		}
		if shown++; shown > most {
			continue
		}
		line := newText(text.replace(item.TextEdit.Range, item.TextEdit.NewText)).line(item.TextEdit.Range.Start.Line)
		if item.InsertTextFormat == 2 {
			line = fmt.Sprintf("%q", item.TextEdit.NewText)
		}
		fmt.Fprintf(&b, "%-24s %s\n", item.Label, line)
	}
	switch {
	case shown == 0:
		return "nothing\n"
	case shown > most: // which ones does not matter here, and new ones come
		return "many\n"
	}
	return b.String()
}

func tree(b *strings.Builder, list []symbol, indent string) {
	for _, s := range list {
		fmt.Fprintf(b, "%s%s %s %d:%d-%d:%d\n", indent, s.Name, s.Detail, s.Range.Start.Line, s.Range.Start.Character, s.Range.End.Line, s.Range.End.Character)
		tree(b, s.Children, indent+"  ")
	}
}

// TestRoots holds the names that expressions begin with against the language.
func TestRoots(t *testing.T) {
	t.Parallel()
	language := expr.New(expr.Options{Now: now})
	for name := range roots() {
		if _, err := language.Compile(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
