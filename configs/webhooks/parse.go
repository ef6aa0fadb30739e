package webhooks

import (
	"bytes"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/webhook"
)

// What a file has beside the settings.
const (
	idKey      = "id"
	tokenKey   = "token"
	versionKey = "version"
)

// maxTokens is how many tokens a webhook has: two while they are being changed.
const maxTokens = 2

var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// parser reads one file.
type parser struct {
	file     string
	settings command.Spec
	decl     webhook.Declaration
	faults   fault.List
}

// Parse reads one file. The error is a fault.List.
func Parse(file string, data []byte) (webhook.Declaration, error) {
	p := &parser{file: file, settings: command.Spec{Params: builtin.WebhookParams()}}
	p.decl.Webhook.ID, p.decl.Webhook.Origin = idOf(file), path.Base(file)
	p.decl.Places = map[string]fault.Position{"": {File: file, Line: 1, Column: 1}}
	root, err := document(data)
	if err != nil {
		f := fault.Wrap(fault.ConfigSyntax, err, "reading a declared webhook").At(fault.Position{File: file})
		return p.decl, fault.List{f}
	}
	p.mapping(root)
	if len(p.faults) > 0 {
		return p.decl, p.faults
	}
	return p.decl, nil
}

// document gives the root of a file that holds one document.
func document(data []byte) (*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := d.Decode(&first); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty")
		}
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := d.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file holds more than one document")
	}
	return first.Content[0], nil
}

func (p *parser) place(n *yaml.Node) fault.Position {
	return fault.Position{File: p.file, Line: n.Line, Column: n.Column}
}

func (p *parser) fault(n *yaml.Node, format string, args ...any) {
	p.faults = append(p.faults, fault.New(fault.WebhookInvalid, format, args...).At(p.place(n)))
}

func (p *parser) hint(format string, args ...any) {
	last := len(p.faults) - 1
	p.faults[last] = p.faults[last].WithHint(format, args...)
}

// setting is one field of the file.
type setting struct {
	name string // not an alias
	node *yaml.Node
	v    any
}

// mapping reads the fields and puts them in place: the preset first, because another one takes settings away.
func (p *parser) mapping(root *yaml.Node) {
	if root.Kind != yaml.MappingNode {
		p.fault(root, "a map of settings is needed here")
		return
	}
	p.decl.Places[""] = p.place(root)
	var found []setting
	seen := map[string]bool{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, node := root.Content[i], root.Content[i+1]
		name, known := p.name(key)
		switch {
		case !known:
			p.fault(key, "unknown setting %q", key.Value)
			p.hint("%s", fault.DidYouMean(key.Value, p.names()))
		case seen[name]:
			p.fault(key, "the setting %q occurs twice", key.Value)
		default:
			seen[name] = true
			p.remember(name, node)
			if v, ok := p.value(node); ok {
				found = append(found, setting{name, node, v})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b setting) int { return first(a) - first(b) })
	for _, s := range found {
		p.set(s)
	}
	if !seen[idKey] && !usableID(p.decl.Webhook.ID) {
		p.fault(root, "the file's name is no id of a webhook")
		p.hint("name the file like leads%s, or write id", Suffix)
	}
	if !seen[tokenKey] {
		p.fault(root, "the token is missing")
		p.hint("write token: env:NAME, file:PATH or sha256:HEX")
	}
}

func first(s setting) int {
	if s.name == "preset" {
		return 0
	}
	return 1
}

func (p *parser) name(key *yaml.Node) (string, bool) {
	if key.Kind != yaml.ScalarNode {
		return "", false
	}
	if slices.Contains([]string{idKey, tokenKey, versionKey}, key.Value) {
		return key.Value, true
	}
	param, known := p.settings.Param(key.Value)
	if !known {
		return "", false
	}
	return param.Name, true
}

func (p *parser) names() []string {
	out := []string{idKey, tokenKey, versionKey}
	for i := range p.settings.Params {
		out = append(append(out, p.settings.Params[i].Name), p.settings.Params[i].Aliases...)
	}
	return out
}

// remember notes where a setting stands, under every name that a fault may give it.
func (p *parser) remember(name string, node *yaml.Node) {
	p.decl.Places[name] = p.place(node)
	if param, ok := p.settings.Param(name); ok {
		for _, alias := range param.Aliases {
			p.decl.Places[alias] = p.place(node)
		}
	}
}

func (p *parser) set(s setting) {
	switch s.name {
	case idKey:
		p.id(s)
		return
	case tokenKey:
		p.tokens(s)
		return
	case versionKey:
		if s.v != 1 {
			p.fault(s.node, "this program knows files of version 1")
		}
		return
	}
	param, _ := p.settings.Param(s.name)
	v, err := param.Check(s.v)
	if err == nil {
		err = builtin.SetWebhook(&p.decl.Webhook, map[string]any{s.name: v})
	}
	if f := (*fault.Error)(nil); errors.As(err, &f) {
		p.fault(s.node, "%s", f.Message)
		p.hint("%s", f.Hint)
	}
}

func (p *parser) id(s setting) {
	text, ok := s.v.(string)
	if !ok || !usableID(text) {
		p.fault(s.node, "an id has 1 to 64 of a-z, 0-9, dot, - and _, and does not begin with %s", webhook.IDPrefix)
		return
	}
	p.decl.Webhook.ID = text
}

func usableID(text string) bool {
	return idForm.MatchString(text) && !strings.HasPrefix(text, webhook.IDPrefix)
}

func (p *parser) tokens(s setting) {
	list, isList := s.v.([]any)
	if !isList {
		list = []any{s.v}
	}
	if len(list) == 0 || len(list) > maxTokens {
		p.fault(s.node, "a webhook has one token, or two while they are being changed")
		return
	}
	for _, item := range list {
		text, ok := item.(string)
		if !ok || !isTokenReference(text) {
			p.fault(s.node, "a token does not stand in a file itself")
			p.hint("write env:NAME, file:PATH or sha256:HEX")
			return
		}
		p.decl.Tokens = append(p.decl.Tokens, text)
	}
}

func isTokenReference(text string) bool {
	kind, rest, _ := strings.Cut(text, ":")
	return rest != "" && (kind == "env" || kind == "file" || kind == "sha256")
}
