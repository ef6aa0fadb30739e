package admin

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

const (
	pipelinePart = "pipeline"
	filePart     = "file"
	mostParts    = 100
)

// contentType gives the media type of a field and its parameters; empty for none.
func contentType(field string) (string, map[string]string) {
	kind, params, err := mime.ParseMediaType(field)
	if err != nil {
		return strings.ToLower(strings.TrimSpace(field)), nil
	}
	return kind, params
}

// formOf tells how a pipeline of a media type is written; YAML where there is no type.
func formOf(kind string) (string, error) {
	switch kind {
	case "", "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain", "application/octet-stream":
		return "yaml", nil
	case "application/json":
		return "json", nil
	case "application/x-www-form-urlencoded":
		return "pairs", nil
	case "application/x-pipeline-uri":
		return "uri", nil
	}
	return "", fault.New(fault.CommandType, "a pipeline is not sent as this content type").In("content-type").
		WithHint("send application/yaml, application/json, application/x-www-form-urlencoded or application/x-pipeline-uri")
}

func encoded(ctx *fasthttp.RequestCtx) error {
	if len(ctx.Request.Header.PeekAll("Content-Encoding")) > 0 {
		return fault.New(fault.CommandType, "a body with a content encoding is not accepted")
	}
	return nil
}

// readText reads a pipeline that is the whole body.
func readText(ctx *fasthttp.RequestCtx) (Text, error) {
	if err := encoded(ctx); err != nil {
		return Text{}, err
	}
	kind, _ := contentType(string(ctx.Request.Header.ContentType()))
	form, err := formOf(kind)
	return Text{Form: form, Text: bytes.Clone(ctx.Request.Body())}, err
}

// readAdHoc reads a pipeline and what it begins with.
func readAdHoc(ctx *fasthttp.RequestCtx) (text Text, call Call, err error) {
	if call, err = readRequest(ctx); err != nil {
		return text, call, err
	}
	kind, params := contentType(string(ctx.Request.Header.ContentType()))
	if kind != "multipart/form-data" {
		text, err = readText(ctx)
		return text, call, err
	}
	if err := encoded(ctx); err != nil {
		return text, call, err
	}
	given := false
	files := []any{}
	err = parts(ctx.Request.Body(), params["boundary"], func(name, file, kind string, content []byte) error {
		switch {
		case name == pipelinePart && !given:
			given = true
			media, _ := contentType(kind)
			text.Text = content
			text.Form, err = formOf(media)
			return err
		case name == filePart:
			files = append(files, contentOf(file, kind, content))
			return nil
		}
		return fault.New(fault.CommandType, "the form has one part pipeline, and parts file").In("body")
	})
	if err == nil && !given {
		err = fault.New(fault.CommandMissing, "the form has no part pipeline").In("body")
	}
	call.Body, call.HasBody = map[string]any{"children": files}, len(files) > 0
	return text, call, err
}

// parts calls f for each part of a multipart form.
func parts(body []byte, boundary string, f func(name, file, kind string, content []byte) error) error {
	broken := fault.New(fault.CommandType, "the body is not multipart/form-data, or breaks off").In("body")
	if boundary == "" || len(boundary) > 70 {
		return broken
	}
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for n := 0; ; n++ {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) && n > 0 {
			return nil
		}
		if err != nil {
			return broken
		}
		if n == mostParts {
			return fault.New(fault.CommandType, "the form has more than %d parts", mostParts).In("body")
		}
		content, err := io.ReadAll(p) // as long as the body at most
		if err != nil {
			return broken
		}
		if err := f(p.FormName(), p.FileName(), p.Header.Get("Content-Type"), content); err != nil {
			return err
		}
	}
}

// contentOf makes content as expressions know it: text where it is one, else base64.
func contentOf(name, kind string, content []byte) map[string]any {
	out := map[string]any{"name": nil, "contentType": "application/octet-stream", "contentLength": len(content)}
	if name != "" {
		name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, "\uFFFD"), `\`, "/"))
	}
	if name != "" && name != "." && name != "/" && name != ".." {
		out["name"] = name
	}
	media, _ := contentType(kind)
	if media != "" {
		out["contentType"] = strings.ToValidUTF8(media, "\uFFFD")
	}
	isText := strings.HasPrefix(media, "text/") || media == "application/json" || strings.HasSuffix(media, "+json") || strings.HasSuffix(media, "xml")
	if isText && utf8.Valid(content) {
		out["content"] = string(content)
	} else {
		out["contentBase64"] = base64.StdEncoding.EncodeToString(content)
	}
	return out
}

// readCall reads what a stored pipeline begins with: JSON, a form and a text as what they are, anything else as
// content.
func readCall(ctx *fasthttp.RequestCtx) (Call, error) {
	call, err := readRequest(ctx)
	raw := ctx.Request.Body()
	if err != nil || len(raw) == 0 {
		return call, err
	}
	if err := encoded(ctx); err != nil {
		return call, err
	}
	call.HasBody = true
	field := string(ctx.Request.Header.ContentType())
	kind, params := contentType(field)
	switch {
	case kind == "application/json", strings.HasSuffix(kind, "+json"):
		if call.Body, err = value.Decode(raw); err != nil {
			err = fault.Wrap(fault.CommandType, err, "reading the request's body")
		}
	case kind == "application/x-www-form-urlencoded":
		call.Body, err = pairsOf(raw)
	case kind == "multipart/form-data":
		files := []any{}
		err = parts(raw, params["boundary"], func(name, file, kind string, content []byte) error {
			if name != filePart {
				return fault.New(fault.CommandType, "the form has parts file").In("body")
			}
			files = append(files, contentOf(file, kind, content))
			return nil
		})
		call.Body = map[string]any{"children": files}
	case (kind == "" || strings.HasPrefix(kind, "text/")) && utf8.Valid(raw):
		call.Body = string(raw)
	default:
		call.Body = contentOf("", field, raw)
	}
	return call, err
}

// readRequest reads the variables from the address, and what expressions see as request.
func readRequest(ctx *fasthttp.RequestCtx) (Call, error) {
	vars, err := pairsOf(ctx.URI().QueryString())
	if err != nil {
		return Call{}, err
	}
	headers := map[string]any{}
	for name, v := range ctx.Request.Header.All() {
		lower := strings.ToLower(string(name))
		switch lower {
		case "authorization", "proxy-authorization", "cookie": // they are secrets, and not the pipeline's
		default:
			headers[lower] = strings.ToValidUTF8(string(v), "\uFFFD")
		}
	}
	params := make(map[string]any, len(vars))
	for name, v := range vars {
		params[name] = v
	}
	return Call{Vars: vars, Request: map[string]any{
		"method": string(ctx.Method()), "path": string(ctx.URI().PathOriginal()), "params": params, "headers": headers,
		"contentType": headers["content-type"], "remote": ctx.RemoteIP().String(),
	}}, nil
}
