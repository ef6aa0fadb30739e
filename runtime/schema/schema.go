package schema

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/penstock/penstock/runtime/value"
)

// MaxDocument is the largest schema in bytes.
const MaxDocument = 256 << 10

// Schema is a compiled document. It may be used from many goroutines.
type Schema struct{ compiled *jsonschema.Schema }

// here is the address under which a document is compiled; nothing is fetched from it.
const here = "penstock:///schema"

var errOther = errors.New("a schema may not refer to another document")

// nowhere loads no document.
type nowhere struct{}

func (nowhere) Load(string) (any, error) { return nil, errOther }

// Compile reads a schema. The errors are for its owner.
func Compile(document []byte) (*Schema, error) {
	if len(document) > MaxDocument {
		return nil, fmt.Errorf("the schema has more than %d bytes", MaxDocument)
	}
	v, err := value.Decode(document)
	if err != nil {
		return nil, fmt.Errorf("the schema is %w", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(nowhere{})
	if err := c.AddResource(here, v); err != nil {
		return nil, explain(err)
	}
	compiled, err := c.Compile(here)
	if err != nil {
		return nil, explain(err)
	}
	return &Schema{compiled}, nil
}

// explain words an error of the library for the owner of the schema.
func explain(err error) error {
	if errors.Is(err, errOther) {
		return errOther
	}
	var invalid *jsonschema.SchemaValidationError
	if errors.As(err, &invalid) {
		var v *jsonschema.ValidationError
		if errors.As(invalid.Err, &v) {
			return fmt.Errorf("the schema is wrong at %s", pointer(leaf(v).InstanceLocation))
		}
	}
	text, _, _ := strings.Cut(strings.ReplaceAll(err.Error(), here, ""), "\n")
	return errors.New("the schema cannot be used: " + text)
}

// Mismatch says where in the schema a value first fails, as a JSON pointer behind #.
//
//nolint:errname // a misfit is no fault of the program
type Mismatch struct{ At string }

func (m *Mismatch) Error() string { return "the value does not fit the schema at " + m.At }

// Check holds a value of the model against the schema; the error is a *[Mismatch].
func (s *Schema) Check(v any) error {
	err := s.compiled.Validate(v)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return &Mismatch{At: "#"}
	}
	end := leaf(invalid)
	at := "#"
	if _, fragment, found := strings.Cut(end.SchemaURL, "#"); found {
		if plain, err := url.PathUnescape(fragment); err == nil {
			at += plain
		}
	}
	for _, word := range end.ErrorKind.KeywordPath() {
		at += "/" + escape(word)
	}
	return &Mismatch{At: at}
}

// leaf gives the first cause that has none of its own.
func leaf(e *jsonschema.ValidationError) *jsonschema.ValidationError {
	for len(e.Causes) > 0 {
		e = e.Causes[0]
	}
	return e
}

func pointer(path []string) string {
	out := "#"
	for _, word := range path {
		out += "/" + escape(word)
	}
	return out
}

func escape(word string) string {
	return strings.ReplaceAll(strings.ReplaceAll(word, "~", "~0"), "/", "~1")
}
