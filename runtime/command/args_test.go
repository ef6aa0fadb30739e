package command_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
)

func spec() command.Spec {
	return command.Spec{
		Name: "test.it",
		Params: []command.Param{
			{Name: "any", Type: command.TypeAny},
			{Name: "text", Type: command.TypeText, Aliases: []string{"label"}},
			{Name: "level", Type: command.TypeText, Enum: []string{"INFO", "WARN"}, Default: "INFO"},
			{Name: "number", Type: command.TypeNumber},
			{Name: "flag", Type: command.TypeBoolean},
			{Name: "list", Type: command.TypeList},
			{Name: "map", Type: command.TypeMap},
			{Name: "wait", Type: command.TypeDuration},
		},
	}
}

func TestBind(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		in   map[string]any
		want map[string]any
	}{
		"nothing":           {nil, map[string]any{"level": "INFO"}},
		"alias":             {map[string]any{"label": "x"}, map[string]any{"level": "INFO", "text": "x"}},
		"number for text":   {map[string]any{"text": 5}, map[string]any{"level": "INFO", "text": "5"}},
		"boolean for text":  {map[string]any{"text": true}, map[string]any{"level": "INFO", "text": "true"}},
		"text for number":   {map[string]any{"number": "512000"}, map[string]any{"level": "INFO", "number": 512000}},
		"fraction":          {map[string]any{"number": "-1.5"}, map[string]any{"level": "INFO", "number": -1.5}},
		"big number":        {map[string]any{"number": json.Number("99999999999999999999")}, map[string]any{"level": "INFO", "number": json.Number("99999999999999999999")}},
		"text for boolean":  {map[string]any{"flag": "False"}, map[string]any{"level": "INFO", "flag": false}},
		"commas":            {map[string]any{"list": "a, b,,c"}, map[string]any{"level": "INFO", "list": []any{"a", "b", "c"}}},
		"empty list":        {map[string]any{"list": ""}, map[string]any{"level": "INFO", "list": []any{}}},
		"enum spelling":     {map[string]any{"level": "warn"}, map[string]any{"level": "WARN"}},
		"duration text":     {map[string]any{"wait": "1.5s"}, map[string]any{"level": "INFO", "wait": 1500}},
		"duration number":   {map[string]any{"wait": 20}, map[string]any{"level": "INFO", "wait": 20}},
		"duration digits":   {map[string]any{"wait": "20"}, map[string]any{"level": "INFO", "wait": 20}},
		"null is not given": {map[string]any{"level": nil, "any": nil}, map[string]any{"level": "INFO", "any": nil}},
	}
	for name, c := range cases {
		s := spec()
		got, err := s.Bind(c.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestBindRefuses(t *testing.T) {
	t.Parallel()
	const canary = "S3CRET"
	cases := map[string]struct {
		in   map[string]any
		want string
		code fault.Code
	}{
		"unknown":          {map[string]any{"tetx": canary}, `test.it has no parameter "tetx"; did you mean "text"?`, fault.CommandParam},
		"far off":          {map[string]any{"whatever": canary}, `test.it has no parameter "whatever"; it takes any, text, label, level, number, flag, list, map, wait`, fault.CommandParam},
		"twice":            {map[string]any{"label": canary, "text": canary}, `parameter "text" is given under two names`, fault.CommandParam},
		"map for text":     {map[string]any{"text": map[string]any{canary: 1}}, `parameter "text" must be a text, not a map`, fault.CommandType},
		"text for number":  {map[string]any{"number": canary}, `parameter "number" must be a number, not another text`, fault.CommandType},
		"NaN":              {map[string]any{"number": "NaN"}, `parameter "number" must be a number, not another text`, fault.CommandType},
		"infinite":         {map[string]any{"number": "1e999"}, `parameter "number" must be a number, not another text`, fault.CommandType},
		"list for number":  {map[string]any{"number": []any{1}}, `parameter "number" must be a number, not a list`, fault.CommandType},
		"text for boolean": {map[string]any{"flag": canary}, `parameter "flag" must be true or false`, fault.CommandType},
		"number for flag":  {map[string]any{"flag": 1}, `parameter "flag" must be a boolean, not a number`, fault.CommandType},
		"number for list":  {map[string]any{"list": 1}, `parameter "list" must be a list, not a number`, fault.CommandType},
		"text for map":     {map[string]any{"map": canary}, `parameter "map" must be a map, not text`, fault.CommandType},
		"enum":             {map[string]any{"level": "INOF"}, `parameter "level" must be one of INFO, WARN; did you mean "INFO"?`, fault.CommandType},
		"duration":         {map[string]any{"wait": canary}, `parameter "wait" must be a duration; write a text such as "500ms", "5s" or "2m", or a number of milliseconds`, fault.CommandType},
		"negative":         {map[string]any{"wait": -1}, `parameter "wait" must be a duration; write a text such as "500ms", "5s" or "2m", or a number of milliseconds`, fault.CommandType},
		"several": {map[string]any{"flag": "x", "map": "y"}, `parameter "flag" must be true or false` + "\n" +
			`parameter "map" must be a map, not text`, fault.CommandType},
	}
	for name, c := range cases {
		s := spec()
		_, err := s.Bind(c.in)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the message shows the value: %v", name, err)
		}
		if diff := cmp.Diff(c.want, err.Error()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got := fault.CodeOf(err); got != c.code {
			t.Errorf("%s: code %s, want %s", name, got, c.code)
		}
	}
	s := command.Spec{Name: "x", Params: []command.Param{{Name: "to", Type: command.TypeText, Required: true}}}
	if _, err := s.Bind(map[string]any{"to": nil}); err == nil || err.Error() != `parameter "to" is missing` || fault.CodeOf(err) != fault.CommandMissing {
		t.Errorf("missing: %v", err)
	}
	if _, err := (&command.Spec{Name: "x"}).Bind(map[string]any{"to": 1}); err == nil || err.Error() != `x has no parameter "to"; it takes none of its own` {
		t.Errorf("no parameters: %v", err)
	}
	open := command.Spec{Name: "x", Open: true}
	if got, err := open.Bind(map[string]any{"to": 1}); err != nil || got["to"] != 1 {
		t.Errorf("open: %v, %v", got, err)
	}
}

func TestExecuteReadsTexts(t *testing.T) {
	t.Parallel()
	var got map[string]any
	d := command.Definition{Spec: spec(), Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
		got = call.Args
		return command.Value("done"), nil
	})}
	v, err := command.Execute(t.Context(), &d, map[string]any{
		"any": `{"a":[1]}`, "number": "7", "flag": "true", "list": `["a,b"]`, "map": ` {"k":null}`, "text": `{"a":1}`,
	}, command.Call{})
	if err != nil || v != "done" {
		t.Fatal(v, err)
	}
	want := map[string]any{
		"any": map[string]any{"a": []any{1}}, "number": 7, "flag": true, "list": []any{"a,b"},
		"map": map[string]any{"k": nil}, "text": `{"a":1}`, "level": "INFO",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestInvokeFaults(t *testing.T) {
	t.Parallel()
	denied := fault.New(fault.PluginDenied, "no").WithRetry(0)
	cases := map[string]struct {
		do    func() error
		code  fault.Code
		retry bool
		text  string
	}{
		"plain error":   {func() error { return errors.New("boom") }, fault.CommandFailed, false, "running the command: boom"},
		"fault":         {func() error { return denied }, fault.PluginDenied, true, "no"},
		"wrapped fault": {func() error { return fmt.Errorf("deep: %w", denied) }, fault.PluginDenied, true, "running the command: deep: no"},
		"panic":         {func() error { panic("S3CRET") }, fault.Internal, false, "the command panicked"},
	}
	for name, c := range cases {
		var log bytes.Buffer
		d := command.Definition{Command: command.Func(func(context.Context, command.Call) (command.Result, error) {
			return command.Value(1), c.do()
		})}
		logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		res, err := d.Invoke(t.Context(), command.Call{Logger: logger})
		retry, _ := fault.Retryable(err)
		if res.HasValue || fault.CodeOf(err) != c.code || retry != c.retry || err.Error() != c.text {
			t.Errorf("%s: %+v, %v (%s)", name, res, err, fault.CodeOf(err))
		}
		if name == "panic" && !strings.Contains(log.String(), "args_test.go") {
			t.Error("the debug log holds no stack")
		}
	}
}

func TestRegistryRefusesBadSpecs(t *testing.T) {
	t.Parallel()
	text := func(name string, aliases ...string) command.Param {
		return command.Param{Name: name, Type: command.TypeText, Aliases: aliases}
	}
	cases := map[string]struct {
		spec command.Spec
		want string
	}{
		"name":           {command.Spec{Name: "Mail.Send"}, `command name "Mail.Send" is malformed`},
		"nameless param": {command.Spec{Name: "a", Params: []command.Param{{}}}, `a: a parameter without a name`},
		"two params":     {command.Spec{Name: "a", Params: []command.Param{text("x"), text("y", "x")}}, `a: two parameters are called "x"`},
		"common param":   {command.Spec{Name: "a", Params: []command.Param{text("timeout")}}, `a: parameter "timeout" has the name of a common parameter`},
		"short form":     {command.Spec{Name: "a", Shorthand: "x"}, `a: the short form stands for an unknown parameter "x"`},
		"default": {
			command.Spec{Name: "a", Params: []command.Param{{Name: "n", Type: command.TypeNumber, Default: "x"}}},
			`a: checking the default of parameter "n": parameter "n" must be a number, not another text`,
		},
	}
	for name, c := range cases {
		_, err := command.NewRegistry(command.Definition{Spec: c.spec})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	ok := command.Definition{Spec: command.Spec{Name: "a", Aliases: []string{"b"}}}
	if _, err := command.NewRegistry(ok, ok); err == nil || err.Error() != `two commands are called "a"` {
		t.Errorf("doubled: %v", err)
	}
	r, err := command.NewRegistry(ok)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, r.Names()); diff != "" || len(r.Definitions()) != 1 {
		t.Error(diff, r.Definitions())
	}
	if _, err := r.Lookup("c"); err == nil || fault.CodeOf(err) != fault.CommandUnknown {
		t.Error(err)
	}
}
