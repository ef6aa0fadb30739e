package expr

import "strings"

// Util describes one function that expressions can call.
type Util struct {
	Name     string // as written: len, @text.upperCase, .size for a method, filter for a predicate
	Group    string // Functions, Predicates, @text, Methods
	Note     string // what holds for the whole group; may be empty
	Summary  string // what it gives
	Forms    []Form // the ways to call it; one for most
	Examples []Example
}

// Form is one way to call a function.
type Form struct {
	Signature string // @text.leftPad(text, size, [pad])
	Params    []Param
}

// Param is one parameter of a form. A method's first one stands in front of the dot.
type Param struct {
	Name     string
	Type     string   // for people: whole number
	Words    []string // the only texts that are taken; none = any
	Optional bool
	Many     bool // takes all further arguments
}

// Example is an expression without delimiters and what it gives.
type Example struct {
	Expr  string
	Want  string // JSON text of the value
	Fails string // instead: a part of the error
}

// Utils describes all functions, in the order of the reference.
func Utils() []Util {
	var out []Util
	for _, group := range []struct {
		name string
		of   []function
	}{
		{"Functions", plainFunctions()},
		{"Predicates", predicateSpecs()},
		{"", utils()},
		{"Methods", methodFunctions()},
	} {
		for _, f := range group.of {
			u := Util{Name: f.name, Group: group.name, Summary: f.summary, Examples: f.examples}
			if u.Group == "" {
				u.Group, _, _ = strings.Cut(f.name, ".")
			}
			u.Note = notes()[u.Group]
			for _, p := range f.forms() {
				u.Forms = append(u.Forms, p.describe(f.name))
			}
			out = append(out, u)
		}
	}
	return out
}

// notes say what holds for a whole group.
func notes() map[string]string {
	const from = "An expression that is evaluated where there is none fails with expr.unavailable. In the examples "
	return map[string]string{
		"Predicates": "The second argument is evaluated for each item: # is the item, .name its field, #index its place.",
		"Methods":    "What stands in front of the dot is the first parameter.",
		"@calc":      "Calculates in decimals: 0.1 + 0.2 is 0.3.",
		"@content": "Makes content: a map of name, contentType, contentLength and content, a text; or contentBase64 in place of it. " +
			"The attachments of mails are such maps.",
		"@data":     "Reads values by dotted paths and gives changed copies of them. Null is taken everywhere.",
		"@date":     "A date is an ISO 8601 text or milliseconds since 1970. Java's date patterns are read: yyyy-MM-dd HH:mm:ss.",
		"@instance": "Tells what runs the expression, as far as the server shows it. " + from + "that is a server with the profile demo.",
		"@list":     "Reads lists and gives changed copies of them.",
		"@path":     "Takes paths with / apart and together. It opens nothing, and .. stays as it is.",
		"@property": "Reads the property store. " + from + "it holds /demo/limit = 10 and /demo/name = 'Demo'.",
		"@resolve":  "Reads what a URI names. " + from + "$uri:property:PATH is read.",
		"@user":     "Speaks of the identity whose rights the run has, or of one that is named. " + from + "that is ann, Ann Lee <ann@example.org>.",
		"@xml":      "Reads XML texts. Document types, and with them entities of their own, are refused.",
	}
}

// Methods says which function each value.name(...) calls, by the name behind the dot.
func Methods() map[string]string {
	known := map[string]*function{}
	for _, f := range allFunctions() {
		known[f.name] = &f
	}
	out := map[string]string{}
	for method, f := range methods(known) {
		out[method] = f.name
	}
	return out
}

func (p params) describe(name string) Form {
	signature := p.signature(name)
	if name[0] == '.' {
		signature = p[0].name + p[1:].signature(name)
	}
	f := Form{Signature: signature}
	for _, one := range p {
		f.Params = append(f.Params, Param{
			Name: one.name, Type: one.kind.String(), Words: one.words, Optional: one.optional, Many: one.many,
		})
	}
	return f
}
