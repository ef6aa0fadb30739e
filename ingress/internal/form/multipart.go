package form

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"path"
	"strconv"
	"strings"

	"github.com/penstock/penstock/runtime/value"
)

// FileField is the name of the parts that are taken as files.
const FileField = "file"

// The refusals of multipart forms.
var (
	ErrParts    = fmt.Errorf("the form has more than %d parts", MaxParts)
	ErrFile     = fmt.Errorf("a file is longer than %d bytes", maxFile)
	ErrBoundary = errors.New("the form names no usable boundary")
	ErrBroken   = errors.New("the form breaks off, or is not multipart/form-data")
)

// Part is one part of a multipart form that is not passed over.
type Part struct {
	Name     string
	Filename string // empty = a field
	Type     string // as the part says
	Content  []byte
}

// Walk calls part for the parts of a multipart form, in their order: files, which are named
// [FileField] and have a file name, and fields, which have none. Parts with a file name under another name
// are passed over. Walk ends at the first error, its own or that of part.
func Walk(body []byte, boundary string, part func(Part) error) error {
	if boundary == "" || len(boundary) > 70 {
		return ErrBoundary
	}
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for n := 0; ; n++ {
		p, err := r.NextRawPart()
		if err == io.EOF { //nolint:errorlint // a wrapped one is a body that breaks off
			return nil
		}
		if err != nil {
			return ErrBroken
		}
		if n == MaxParts {
			return ErrParts
		}
		out := Part{Name: p.FormName(), Filename: base(p.FileName()), Type: p.Header.Get("Content-Type")}
		if out.Filename != "" && out.Name != FileField {
			continue // the next part is looked for behind this one
		}
		limit, tooLong := MaxText, ErrText
		if out.Filename != "" {
			limit, tooLong = maxFile, ErrFile
		}
		if len(out.Name) > MaxName || len(out.Filename) > MaxName || len(out.Type) > MaxName {
			return ErrName
		}
		if out.Content, err = io.ReadAll(io.LimitReader(p, int64(limit)+1)); err != nil {
			return ErrBroken
		}
		if len(out.Content) > limit {
			return tooLong
		}
		if err := part(out); err != nil {
			return err
		}
	}
}

// base takes the folders off a file name, of either kind of system.
func base(name string) string {
	if name == "" {
		return ""
	}
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == ".." || name == "/" {
		return "unnamed"
	}
	return name
}

// DecodeMultipart gives a multipart form as an object: files, a list of objects with name, filename,
// contentType, size in bytes and content in base64, and fields, an object as [Decode] makes it. Both are
// always there.
func DecodeMultipart(body []byte, boundary string) (map[string]any, error) {
	files, fields := []any{}, map[string]any{}
	err := Walk(body, boundary, func(p Part) error {
		if p.Filename == "" {
			p.AddTo(fields)
			return nil
		}
		files = append(files, map[string]any{
			"name": p.Name, "filename": valid(p.Filename), "contentType": valid(p.Type),
			"size": len(p.Content), "content": base64.StdEncoding.EncodeToString(p.Content),
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"files": files, "fields": fields}, nil
}

// AddTo sets the field that the part is.
func (p Part) AddTo(fields map[string]any) { add(fields, valid(p.Name), valid(string(p.Content))) }

// AppendJSON appends the object that [DecodeMultipart] makes of a file, as JSON.
func (p Part) AppendJSON(dst []byte) []byte {
	dst = value.AppendString(append(dst, `{"name":`...), p.Name)
	dst = value.AppendString(append(dst, `,"filename":`...), valid(p.Filename))
	dst = value.AppendString(append(dst, `,"contentType":`...), valid(p.Type))
	dst = strconv.AppendInt(append(dst, `,"size":`...), int64(len(p.Content)), 10)
	dst = base64.StdEncoding.AppendEncode(append(dst, `,"content":"`...), p.Content)
	return append(dst, `"}`...)
}

func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
