package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/secret"
	"github.com/penstock/penstock/runtime/value"
)

func (c *cli) checkOutput() error {
	forms := []string{"yaml", "json", "plain"}
	if c.output == "" || slices.Contains(forms, c.output) {
		return nil
	}
	wrong := c.output
	c.output = ""
	return fault.New(fault.CLIUsage, "the flag \"--output\" has to be yaml, json or plain").WithHint("%s", fault.DidYouMean(wrong, forms))
}

// show prints a value of the model in the form that -o names, else in the given one.
func (c *cli) show(v any, form string) error {
	if c.output != "" {
		form = c.output
	}
	var text []byte
	var err error
	switch form {
	case "json":
		text, err = jsonText(v)
	case "plain":
		text, err = plainText(v)
	default:
		text, err = yamlText(v)
	}
	if err != nil {
		return err
	}
	_, err = c.Stdout.Write(text)
	return err
}

func jsonText(v any) ([]byte, error) {
	compact, err := value.AppendJSON(nil, v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// plainText gives a text as it is and everything else as compact JSON; null is nothing.
func plainText(v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []byte(strings.TrimSuffix(v, "\n") + "\n"), nil
	default:
		text, err := value.AppendJSON(nil, v)
		return append(text, '\n'), err
	}
}

func yamlText(v any) ([]byte, error) {
	n, err := yamlNode(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	err = e.Encode(n)
	return b.Bytes(), err
}

func yamlNode(v any) (*yaml.Node, error) {
	v, err := value.Normalize(v)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode}
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			item, err := yamlNode(v[name])
			if err != nil {
				return nil, err
			}
			key := &yaml.Node{}
			key.SetString(name)
			n.Content = append(n.Content, key, item)
		}
		return n, nil
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, one := range v {
			item, err := yamlNode(one)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, item)
		}
		return n, nil
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: v.String()}, nil
	default:
		n := &yaml.Node{}
		return n, n.Encode(v)
	}
}

// model turns any value that encodes to JSON into the model, so that every form prints it alike.
func model(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return value.Decode(text)
}

// column is one column of a table: its title and how to read a row.
type column struct {
	title string
	cell  func(row map[string]any) string
}

// field is a column that shows one field as it is.
func field(title, name string) column {
	return column{title, func(row map[string]any) string { return cellText(row[name]) }}
}

func cellText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = cellText(item)
		}
		return strings.Join(parts, " ")
	default:
		text, err := value.AppendJSON(nil, v)
		if err != nil {
			return ""
		}
		return string(text)
	}
}

// table prints rows as columns, or as a whole with -o.
func (c *cli) table(rows []any, columns []column, none string) error {
	if c.output != "" && c.output != "plain" {
		return c.show(rows, "yaml")
	}
	if len(rows) == 0 {
		fmt.Fprintln(c.Stderr, none)
		return nil
	}
	c.rows(rows, columns, true)
	return nil
}

// rows prints rows as columns, below the titles where they are wanted.
func (c *cli) rows(rows []any, columns []column, titles bool) {
	var lines [][]string
	if titles {
		lines = append(lines, make([]string, len(columns)))
		for i, col := range columns {
			lines[0][i] = col.title
		}
	}
	for _, row := range rows {
		fields, _ := row.(map[string]any)
		line := make([]string, len(columns))
		for i, col := range columns {
			line[i] = shorten(secret.Escape(col.cell(fields)))
		}
		lines = append(lines, line)
	}
	c.align(lines)
}

func (c *cli) align(lines [][]string) {
	width := map[int]int{}
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range lines {
		var b strings.Builder
		for i, cell := range line {
			b.WriteString(c.paint(c.StdoutIsTerminal, colourOf(cell), cell))
			if i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		fmt.Fprintln(c.Stdout, strings.TrimRight(b.String(), " "))
	}
}

func shorten(text string) string {
	const most = 120
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

type colour int

const (
	none   colour = 0
	red    colour = 31
	green  colour = 32
	yellow colour = 33
	blue   colour = 34
)

func colourOf(word string) colour {
	switch word {
	case "ok", "done":
		return green
	case "warn", "waiting", "running":
		return yellow
	case "fail", "dead":
		return red
	default:
		return none
	}
}

// paint colours text where a terminal shows it and NO_COLOR does not forbid it.
func (c *cli) paint(terminal bool, col colour, text string) string {
	if col == none || !terminal || c.getenv("NO_COLOR") != "" || c.getenv("TERM") == "dumb" {
		return text
	}
	return "\x1b[" + strconv.Itoa(int(col)) + "m" + text + "\x1b[0m"
}
