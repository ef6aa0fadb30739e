package main

import (
	"encoding/base64"
	"encoding/json"
	"mime"
	"strings"

	plugin "github.com/penstock/penstock/sdk/go"
)

// attachment is one entry of the parameter attachments.
type attachment struct {
	Name          string          `json:"name"`
	ContentType   string          `json:"contentType"`
	Content       json.RawMessage `json:"content"` // a text as it is, anything else as JSON
	ContentBase64 *string         `json:"contentBase64"`
}

// file is an attachment that was checked.
type file struct {
	contentType string // a whole header value
	disposition string
	content     []byte
}

const maxFileName = 255 // bytes; three characters of a header line each, when they are encoded

func readAttachments(list []attachment) ([]file, error) {
	const param = "attachments"
	out := make([]file, 0, len(list))
	for i, a := range list {
		var f file
		switch {
		case a.Content != nil && a.ContentBase64 != nil:
			return nil, invalid(param, "has both content and contentBase64 in entry %d", i+1)
		case a.ContentBase64 != nil:
			decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(*a.ContentBase64), ""))
			if err != nil {
				return nil, invalid(param, "has a contentBase64 that is not base64 in entry %d", i+1)
			}
			f.content, f.contentType = decoded, "application/octet-stream"
		case a.Content != nil:
			f.content, f.contentType = []byte(plugin.TextOf(a.Content)), "text/plain; charset=utf-8"
			if a.Content[0] != '"' {
				f.contentType = "application/json"
			}
		default:
			return nil, invalid(param, "has neither content nor contentBase64 in entry %d", i+1)
		}
		if err := checkText(param, a.Name); err != nil {
			return nil, err
		}
		if a.Name == "" || len(a.Name) > maxFileName || strings.ContainsAny(a.Name, `/\`) || strings.Contains(a.Name, "=?") {
			return nil, invalid(param, "needs a file name of at most %d bytes without a path in entry %d", maxFileName, i+1)
		}
		f.disposition = mime.FormatMediaType("attachment", map[string]string{"filename": a.Name})
		if a.ContentType != "" {
			if f.contentType = mediaType(a.ContentType); f.contentType == "" {
				return nil, invalid(param, "has a contentType that is not of the form type/subtype in entry %d", i+1)
			}
		}
		out = append(out, f)
	}
	return out, nil
}

// mediaType gives a content type in its normal form, "" for one that is malformed or would make the
// attachment part of the message's structure.
func mediaType(s string) string {
	kind, parameters, err := mime.ParseMediaType(s)
	top, _, ok := strings.Cut(kind, "/")
	if err != nil || !ok || top == "multipart" || top == "message" || len(s) > 200 {
		return ""
	}
	for _, v := range parameters {
		if !isPlain(v) {
			return ""
		}
	}
	return mime.FormatMediaType(kind, parameters)
}
