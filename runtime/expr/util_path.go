package expr

import "strings"

// pathUtil takes paths with / apart and together. It opens nothing, and '..' stays as it is.
func pathUtil() []function {
	return []function{
		{
			name: "@path.join", params: params{anything("items").all()}, run: joinPath,
			summary: "the items, or those of one list, with one / between them; null and empty ones are left out",
			examples: []Example{
				gives(`@path.join('a/', '/b', 'c.txt')`, `"a/b/c.txt"`), gives(`@path.join(['/a', '', null, 'b/'])`, `"/a/b/"`), gives(`@path.join([])`, `""`),
			},
		},
		{
			name: "@path.extension", params: params{text("path")},
			run: func(st *state, a args) (any, error) {
				return extension(a.text(0)), st.scan(len(a.text(0)))
			},
			summary:  "what stands behind the last dot of the last name, without the dot",
			examples: []Example{gives(`@path.extension('a.b/c.tar.gz')`, `"gz"`), gives(`@path.extension('a.b/c')`, `""`)},
		},
		{
			name: "@path.basename", params: params{text("path")},
			run: func(st *state, a args) (any, error) {
				return basename(a.text(0)), st.scan(len(a.text(0)))
			},
			summary:  "the last name of the path",
			examples: []Example{gives(`@path.basename('a/b.txt')`, `"b.txt"`), gives(`@path.basename('a/b/')`, `"b"`), gives(`@path.basename('/')`, `""`)},
		},
	}
}

func joinPath(st *state, a args) (any, error) {
	w := writer{st: st}
	for _, v := range a.spread(0) {
		part, err := st.text(v)
		if err != nil {
			return nil, err
		}
		if w.out.Len() > 0 && part != "" {
			if part = strings.TrimLeft(part, "/"); !strings.HasSuffix(w.out.String(), "/") {
				part = "/" + part
			}
		}
		if next := strings.TrimRight(part, "/"); len(next) < len(part) {
			part = part[:len(next)+1] // one is enough
		}
		if err := w.write(part); err != nil {
			return nil, err
		}
	}
	return w.out.String(), nil
}

func basename(path string) string {
	path = strings.TrimRight(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

func extension(path string) string {
	name := basename(path)
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		return name[dot+1:]
	}
	return ""
}
