package expr

import (
	"mime"
	"strings"
)

// contentUtil makes content: a map of name, contentType, contentLength and content, a text, or contentBase64
// in place of it, as attachments of mails are written.
func contentUtil() []function {
	return []function{
		{
			name: "@content.from", params: params{anything("object"), exact("name").opt()},
			other: []params{{anything("object"), exact("contentType"), exact("contentEncoding"), exact("name")}},
			run:   contentFrom,
			summary: "content of a value: a text as it is, a list or map as JSON; with the encoding base64 the object is base64. " +
				"The content type comes from the name unless given",
			examples: []Example{
				gives(`@content.from('a,b', 'list.csv')`, `{"content":"a,b","contentLength":3,"contentType":"text/csv","name":"list.csv"}`),
				gives(`@content.from({a: 1})`, `{"content":"{\"a\":1}","contentLength":7,"contentType":"application/json","name":null}`),
				gives(`@content.from('SGk=', 'text/plain', 'base64', 'hi.txt').contentBase64`, `"SGk="`),
				fails(`@content.from('a', 'text/plain', 'gzip', 'a.txt')`, `contentEncoding of @content.from(object, contentType, contentEncoding, name) is neither empty nor base64`),
				fails(`@content.from('a', '../a')`, "is not a plain file name"),
			},
		},
		{
			name: "@content.fromBase64", params: params{exact("base64"), exact("name").opt(), exact("contentType").opt()}, run: contentFromBase64,
			summary: "content of bytes that are written in base64",
			examples: []Example{
				gives(`@content.fromBase64('SGk=', 'hi.png')`, `{"contentBase64":"SGk=","contentLength":2,"contentType":"image/png","name":"hi.png"}`),
				fails(`@content.fromBase64('???')`, "base64 of @content.fromBase64(base64, [name], [contentType]) is not base64"),
			},
		},
		{
			name: "@content.newContent", params: params{exact("uri")}, changing: true,
			run:      func(st *state, a args) (any, error) { return contentAt(st, a.text(0)) },
			summary:  "content of what a URI names; its name is the last one of the URI",
			examples: []Example{gives(`@content.newContent('$uri:property:/demo/name').content`, `"Demo"`), fails(`@content.newContent('x')`, "has no scheme")},
		},
		{
			name: "@content.newCollection", params: params{texts("uris").all().opt()}, changing: true, run: contentCollection,
			summary: "a map with the list children: content of what each URI names",
			examples: []Example{
				gives(`@content.newCollection()`, `{"children":[]}`), gives(`@content.newCollection('property:/demo/name').children[0].name`, `"name"`),
			},
		},
	}
}

func contentFrom(st *state, a args) (any, error) {
	if len(a) < 4 {
		name, err := fileName(a, 1)
		if err != nil {
			return nil, err
		}
		return st.content(a.any(0), name, "")
	}
	name, err := fileName(a, 3)
	if err != nil {
		return nil, err
	}
	contentType, err := mediaType(a, 1)
	if err != nil {
		return nil, err
	}
	switch strings.ToLower(a.text(2)) {
	case "":
		return st.content(a.any(0), name, contentType)
	case "base64":
		return st.contentBase64(a.any(0), name, contentType)
	}
	return nil, refuse(2, "is neither empty nor base64")
}

func contentFromBase64(st *state, a args) (any, error) {
	name, err := fileName(a, 1)
	if err != nil {
		return nil, err
	}
	contentType, err := mediaType(a, 2)
	if err != nil {
		return nil, err
	}
	return st.contentBase64(a.any(0), name, contentType)
}

// contentAt makes content of what a URI names.
func contentAt(st *state, uri string) (any, error) {
	v, err := st.resolve(uri)
	if err != nil {
		return nil, err
	}
	name := basename(uri[strings.LastIndexByte(uri, ':')+1:])
	if !isFileName(name) {
		name = ""
	}
	return st.content(v, name, "")
}

func contentCollection(st *state, a args) (any, error) {
	children, err := st.list(0)
	if err != nil {
		return nil, err
	}
	for i, uri := range a.texts(0) {
		c, err := contentAt(st, uri)
		if err != nil {
			return nil, about(i, err)
		}
		if err := st.room(len(children)+1, 1); err != nil {
			return nil, err
		}
		children = append(children, c)
	}
	out, err := st.object(1)
	if err != nil {
		return nil, err
	}
	out["children"] = children
	return out, nil
}

// content makes content of a value. An empty contentType is found out.
func (st *state) content(v any, name, contentType string) (any, error) {
	s, err := st.text(v)
	if err != nil {
		return nil, err
	}
	if contentType == "" {
		contentType = typeOf(name, v)
	}
	out, err := st.object(4)
	if err != nil {
		return nil, err
	}
	out["name"], out["contentType"], out["contentLength"], out["content"] = orNull(name), contentType, len(s), s
	return out, nil
}

// contentBase64 makes content of base64, which is argument 0.
func (st *state) contentBase64(v any, name, contentType string) (any, error) {
	s, ok := v.(string)
	if !ok && v != nil {
		return nil, refuse(0, "is a "+typeName(v)+", not a text")
	}
	if err := st.grow(2 * len(s)); err != nil {
		return nil, err
	}
	data, err := decodeBase64(s)
	if err != nil {
		return nil, refuse(0, "is not base64")
	}
	if contentType == "" {
		if contentType = typeOf(name, nil); contentType == "text/plain" && extension(name) != "txt" {
			contentType = "application/octet-stream"
		}
	}
	out, err := st.object(4)
	if err != nil {
		return nil, err
	}
	out["name"], out["contentType"], out["contentLength"], out["contentBase64"] = orNull(name), contentType, len(data), s
	return out, nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// fileName gives argument i, which becomes the name of a file somewhere.
func fileName(a args, i int) (string, error) {
	if name := a.text(i); isFileName(name) {
		return name, nil
	}
	return "", refuse(i, "is not a plain file name").with("@path.basename(...) takes the folders away")
}

func isFileName(name string) bool {
	const longest = 255
	bad := func(r rune) bool { return r < ' ' || r == '/' || r == '\\' || r == 0x7f }
	return len(name) <= longest && !strings.ContainsFunc(name, bad) && name != "." && name != ".."
}

// mediaType gives argument i, which becomes a header of a mail somewhere.
func mediaType(a args, i int) (string, error) {
	s := a.text(i)
	if s == "" {
		return "", nil
	}
	const longest = 127
	name, parameters, err := mime.ParseMediaType(s)
	if err != nil || len(s) > longest || !strings.Contains(name, "/") {
		return "", refuse(i, "is not a content type").with("write for example text/csv")
	}
	return mime.FormatMediaType(name, parameters), nil
}

// typeOf finds a content type by the name, else by the value.
func typeOf(name string, v any) string {
	byExtension := map[string]string{
		"txt": "text/plain", "csv": "text/csv", "html": "text/html", "htm": "text/html", "md": "text/markdown", "xml": "application/xml",
		"json": "application/json", "yaml": "application/yaml", "yml": "application/yaml", "pdf": "application/pdf", "zip": "application/zip",
		"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "svg": "image/svg+xml", "ics": "text/calendar",
	}
	if t := byExtension[strings.ToLower(extension(name))]; t != "" {
		return t
	}
	switch v.(type) {
	case map[string]any, []any:
		return "application/json"
	}
	return "text/plain"
}
