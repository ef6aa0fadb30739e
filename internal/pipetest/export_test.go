package pipetest

// Written gives a value as a test file holds it, and Read what a test file with that text holds.
func Written(v any) []byte { return document{{"value", escaped(v)}}.yaml() }

// Read gives the value that Written wrote, with its expressions evaluated.
func Read(src []byte) (any, error) {
	p := &parser{f: &faults{file: "a"}, lang: NewLanguage(standardNow)}
	root := readYAML(p.f, src)
	if root == nil {
		return nil, p.f.err()
	}
	v := p.value(root.get("value"))
	return v.constant, p.f.err()
}
