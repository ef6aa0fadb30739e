package admin

import (
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/ingress/internal/front"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// paramsParam says where the parameters are: `params=body` reads the JSON body as parameters.
const paramsParam = "params"

var commandName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,127}$`)

// command runs a command with the parameters of the query, of a form body, or of a JSON body where
// ?params=body asks for it. Any other body is the command's body: JSON by its type, else text.
func (s *Server) command(ctx *fasthttp.RequestCtx, name string) {
	if !commandName.MatchString(name) {
		s.fail(ctx, fault.New(fault.CommandUnknown, "the name of a command is letters, digits, dots, - and _"))
		return
	}
	params, body, err := input(ctx)
	if err != nil {
		s.fail(ctx, err)
		return
	}
	result, err := s.deps.Commands.Execute(s.work, s.options.Identity, name, params, body)
	if err != nil {
		s.deps.Logger.Info("an admin command failed", "command", name, "identity", s.options.Identity, "code", string(fault.CodeOf(err)))
		s.fail(ctx, err)
		return
	}
	s.deps.Logger.Info("ran an admin command", "command", name, "identity", s.options.Identity)
	s.showValue(ctx, result)
}

func input(ctx *fasthttp.RequestCtx) (params map[string]any, body any, err error) {
	params, err = pairsOf(ctx.URI().QueryString())
	if err != nil {
		return nil, nil, err
	}
	inBody := params[paramsParam] == "body"
	if inBody {
		delete(params, paramsParam)
	}
	raw := ctx.Request.Body()
	if len(raw) == 0 || !ctx.IsPost() {
		return params, nil, nil
	}
	if len(ctx.Request.Header.PeekAll("Content-Encoding")) > 0 {
		return nil, nil, fault.New(fault.CommandType, "a body with a content encoding is not accepted")
	}
	kind, _, err := mime.ParseMediaType(string(ctx.Request.Header.ContentType()))
	if err != nil {
		kind = ""
	}
	switch {
	case kind == "application/x-www-form-urlencoded":
		more, err := pairsOf(raw)
		if err != nil {
			return nil, nil, err
		}
		return merged(params, more)
	case inBody, kind == "application/json", strings.HasSuffix(kind, "+json"):
		v, err := value.Decode(raw)
		if err != nil {
			return nil, nil, fault.Wrap(fault.CommandType, err, "reading the request's body")
		}
		if !inBody {
			return params, v, nil
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil, nil, fault.New(fault.CommandType, "parameters are a map, not a %s", value.TypeName(v)).In("body")
		}
		return merged(params, m)
	case utf8.Valid(raw):
		return params, string(raw), nil
	default:
		return nil, nil, fault.New(fault.CommandType, "the request's body is neither JSON nor text in UTF-8")
	}
}

func merged(params, more map[string]any) (map[string]any, any, error) {
	for name, v := range more {
		if _, twice := params[name]; twice {
			return nil, nil, fault.New(fault.CommandType, "the parameter %q is given in the address and in the body", name)
		}
		params[name] = v
	}
	return params, nil, nil
}

// pairsOf gives the pairs as parameters: texts, and a list of texts where a name is repeated.
func pairsOf(text []byte) (map[string]any, error) {
	const most = 1000
	out := map[string]any{}
	walk := front.Pairs{Rest: text}
	for range most {
		name, v, ok := walk.Next()
		if !ok {
			break
		}
		if !utf8.ValidString(name) || !utf8.ValidString(v) {
			return nil, fault.New(fault.CommandType, "a parameter is not UTF-8")
		}
		switch old := out[name].(type) {
		case nil:
			out[name] = v
		case []any:
			out[name] = append(old, v)
		default:
			out[name] = []any{old, v}
		}
	}
	if walk.Broken || len(walk.Rest) > 0 {
		return nil, fault.New(fault.CommandType, "the parameters are not url-encoded, or more than %d", most)
	}
	return out, nil
}
