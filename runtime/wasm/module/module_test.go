package module_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock/penstock/internal/testkit/guest"
	"github.com/penstock/penstock/runtime/wasm/module"
)

type types = []module.ValueType

func TestParse(t *testing.T) {
	t.Parallel()
	b := guest.ABI(guest.Manifest("a.b", nil)).Run(guest.Const(0))
	b.Table(3)
	b.Global(1)
	b.Element(6, 7)
	b.Custom("note", []byte("hello"))
	data := b.Bytes()
	m, err := module.Parse(data, module.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if got := len(m.Imports); got != 6 || m.Imports[4].Name != "call" || m.Imports[4].Type.String() != "(i32, i32, i32, i32) -> i64" {
		t.Errorf("imports %+v", m.Imports)
	}
	e, ok := m.Export("pcmd_run")
	if !ok || e.Kind != module.Function || e.Index != 8 || !e.Type.Equal(module.FuncType{Params: types{module.I32, module.I32}, Results: types{module.I32}}) {
		t.Errorf("export %+v", e)
	}
	if diff := cmp.Diff([]module.Range{{Min: 1}}, m.Memories); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]module.TableType{{Elem: module.FuncRef, Range: module.Range{Min: 3}}}, m.Tables); diff != "" {
		t.Error(diff)
	}
	if m.Globals != 1 || len(m.Code) != 3 || m.Code[2].Locals != 4 {
		t.Errorf("globals %d, code %+v", m.Globals, m.Code)
	}
	if body, ok := m.Custom("note"); !ok || string(body) != "hello" {
		t.Errorf("custom section %q %v", body, ok)
	}
	if !bytes.Equal(module.Encode(m.Sections), data) {
		t.Error("encoding the sections does not give the module back")
	}
}

func TestWithCustom(t *testing.T) {
	t.Parallel()
	data := (&guest.Builder{}).Bytes()
	for _, text := range []string{"one", "two"} {
		m, err := module.Parse(data, module.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		data = m.WithCustom("note", []byte(text))
	}
	m, err := module.Parse(data, module.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if body, ok := m.Custom("note"); !ok || string(body) != "two" || len(m.Sections) != 1 {
		t.Errorf("%q %v %d", body, ok, len(m.Sections))
	}
	doubled := module.Encode(append(m.Sections, m.Sections...))
	if m, err = module.Parse(doubled, module.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	if _, ok := m.Custom("note"); ok {
		t.Error("one of two sections of the same name was chosen")
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	section := func(id byte, body ...byte) []byte {
		return module.Encode([]module.Section{{ID: id, Body: body}})
	}
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"short":                {[]byte("\x00asm"), module.ErrMalformed},
		"component":            {[]byte("\x00asm\x0d\x00\x01\x00"), module.ErrMalformed},
		"section beyond end":   {[]byte(module.Header + "\x01\x05\x00"), module.ErrMalformed},
		"size in six bytes":    {[]byte(module.Header + "\x01\xff\xff\xff\xff\xff\x01"), module.ErrMalformed},
		"unknown section":      {section(13, 0), module.ErrMalformed},
		"out of order":         {append(section(3, 0), section(1, 0)[8:]...), module.ErrMalformed},
		"twice":                {append(section(1, 0), section(1, 0)[8:]...), module.ErrMalformed},
		"data behind vector":   {section(1, 0, 0), module.ErrMalformed},
		"rec group":            {section(1, 1, 0x4e, 0, 0), module.ErrMalformed},
		"bad value type":       {section(1, 1, 0x60, 1, 0x12, 0), module.ErrMalformed},
		"shared memory":        {section(5, 1, 3, 1, 2), module.ErrMalformed},
		"maximum below":        {section(5, 1, 1, 2, 1), module.ErrMalformed},
		"two memories":         {section(5, 2, 0, 1, 0, 1), module.ErrTooLarge},
		"global init calls":    {section(6, 1, 0x7f, 0, 0x10, 0, 0x0b), module.ErrMalformed},
		"global init endless":  {section(6, 1, 0x7f, 0, 0x41, 0), module.ErrMalformed},
		"export of nothing":    {section(7, 1, 1, 'a', 0, 0), module.ErrMalformed},
		"export kind":          {section(7, 1, 1, 'a', 9, 0), module.ErrMalformed},
		"name not UTF-8":       {[]byte(module.Header + "\x00\x02\x01\xff"), module.ErrMalformed},
		"long name":            {section(7, append([]byte{1, 0x81, 8}, make([]byte, 1100)...)...), module.ErrTooLarge},
		"function, no code":    {append(section(1, 1, 0x60, 0, 0), section(3, 1, 0)[8:]...), module.ErrMalformed},
		"element kind":         {section(9, 1, 8, 0, 0), module.ErrMalformed},
		"more items than data": {section(3, 0x80, 0x10), module.ErrMalformed},
	} {
		if _, err := module.Parse(c.data, module.DefaultLimits()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParse: no panic, no wrong acceptance that the encoder would show.
func FuzzParse(f *testing.F) {
	f.Add([]byte(module.Header))
	f.Add(guest.ABI(guest.Manifest("a.b", nil)).Run(guest.Const(0)).Bytes())
	b := &guest.Builder{}
	b.Table(3)
	b.Memory(1, 2)
	b.Global(1)
	b.Start(b.Func(nil, nil, types{guest.I32, guest.I64}, guest.Forever()))
	b.Element(0, 0)
	b.Data(0, []byte("data"))
	b.Custom("name", []byte{1, 4, 1, 0, 1, 'a'})
	f.Add(b.Bytes())
	limits := module.DefaultLimits()
	limits.Size = 1 << 16
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := module.Parse(data, limits)
		if err != nil {
			if !errors.Is(err, module.ErrMalformed) && !errors.Is(err, module.ErrTooLarge) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		again, err := module.Parse(module.Encode(m.Sections), limits)
		if err != nil {
			t.Fatalf("the encoded module is refused: %v", err)
		}
		if len(again.Sections) != len(m.Sections) || len(again.Code) != len(m.Code) || len(again.Exports) != len(m.Exports) {
			t.Fatal("the encoded module is another one")
		}
		for name := range map[string]bool{"": true, "name": true} {
			if _, err := module.Parse(m.WithCustom(name, []byte("x")), limits); err != nil && !errors.Is(err, module.ErrTooLarge) {
				t.Fatalf("with a custom section: %v", err)
			}
		}
	})
}
