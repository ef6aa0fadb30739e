package pipeline

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/value"
)

// foreach executes its list once for every item.
type foreach struct {
	in operand
	as string // variable for the item; empty = only vars.loop.item
	do list
}

func (l *foreach) inside() []*list     { return []*list{&l.do} }
func (l *foreach) sound(f *frame) bool { return f.list == 0 || !f.begun || len(f.items) > 0 }

func (l *foreach) exec(ctx context.Context, x *execution, b *block, f *frame) (signal, *thrown) {
	if f.list == 0 {
		v, err := l.in.eval(ctx, x.env)
		if err == nil {
			f.items, err = itemsOf(v, "foreach")
		}
		if err != nil {
			return goOn, x.throw(ctx, &b.head, err)
		}
		f.list, f.outer = 1, x.hidden(l.as)
	}
	path := x.path
	sig, t := l.rounds(ctx, x, b, f)
	x.setPath(path)
	if sig != paused {
		x.uncover(l.as, f.outer)
	}
	return sig, t
}

func (l *foreach) rounds(ctx context.Context, x *execution, b *block, f *frame) (signal, *thrown) {
	path := x.path
	for ; len(f.items) > 0; f.items, f.round, f.index, f.begun = f.items[1:], f.round+1, 0, false {
		x.setPath(path + "[" + strconv.Itoa(f.round) + "]")
		if !f.begun {
			switch {
			case ctx.Err() != nil:
				return goOn, x.end(ctx, &b.head, canceled(ctx))
			case !x.spend():
				return goOn, x.exhausted(ctx, &b.head)
			}
			x.show(l.as, f)
			f.begun = true
		}
		sig, t := x.list(ctx, &l.do)
		switch {
		case t != nil || sig == exited || sig == paused:
			return sig, t
		case sig == broke:
			return goOn, nil
		}
	}
	return goOn, nil
}

// hidden gives the variables that those of a loop hide.
func (x *execution) hidden(as string) (o outer) {
	o.loop, o.hadLoop = x.here.vars["loop"]
	if as != "" {
		o.as, o.hadAs = x.here.vars[as]
	}
	return o
}

// show sets the variables of a round: the item under its name and below vars.loop, beside what an outer
// loop has there.
func (x *execution) show(as string, f *frame) {
	item := f.items[0]
	loop := map[string]any{}
	if around, ok := f.outer.loop.(map[string]any); ok {
		maps.Copy(loop, around)
	}
	vars := maps.Clone(x.here.vars)
	at := loop
	if as != "" {
		at = make(map[string]any, 3)
		loop[as], vars[as] = at, item
	}
	at["item"], at["index"], at["even"] = item, f.round, f.round%2 == 0
	vars["loop"] = loop
	x.setVars(vars)
}

// uncover brings back what the variables of a loop hid.
func (x *execution) uncover(as string, o outer) {
	vars := maps.Clone(x.here.vars)
	delete(vars, "loop")
	if o.hadLoop {
		vars["loop"] = o.loop
	}
	if as != "" {
		delete(vars, as)
		if o.hadAs {
			vars[as] = o.as
		}
	}
	x.setVars(vars)
}

// itemsOf gives what a loop goes over: a list, the entries of a map by their names, or a text with commas.
func itemsOf(v any, what string) ([]any, error) {
	switch v := v.(type) {
	case nil:
		return []any{}, nil
	case []any:
		return v, nil
	case map[string]any:
		items := make([]any, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			items = append(items, map[string]any{"key": name, "value": v[name]})
		}
		return items, nil
	case string:
		items := []any{}
		for item := range strings.SplitSeq(v, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
		return items, nil
	}
	return nil, fault.New(fault.ExprType, "%s goes over a list, a map or a text with commas, not a %s", what, value.TypeName(v))
}

func foreachSpec() command.Spec {
	return command.Spec{
		Name:    "foreach",
		Summary: "Executes the commands inside for every item of a list, entry of a map, or part of a text with commas.",
		Params: []command.Param{
			{Name: "in", Type: command.TypeAny, Required: true, Summary: "What to go over; null is nothing."},
			{Name: "as", Type: command.TypeText, Literal: true, Aliases: []string{"item"}, Summary: "Name of the item: vars.NAME and vars.loop.NAME.item, with vars.loop.NAME.index and .even. Without it: vars.loop.item, .index, .even."},
			{Name: "do", Type: command.TypeList, Summary: "The commands; without them, those up to foreach.end."},
		},
		Examples: []command.Example{
			{
				Title:    "one after the other",
				Pipeline: "vars: {total: 0}\npipeline:\n  - foreach: {in: \"${body}\", as: order}\n  - var.set: {key: total, value: \"${vars.total + vars.order.price}\"}\n  - foreach.end\n  - set: ${vars.total}\n",
				Body:     `[{"price":3},{"price":4}]`,
				Want:     `7`,
			},
			{
				Title:    "nested, over a map",
				Pipeline: "body: \"\"\npipeline:\n  - foreach:\n      in: {b: 2, a: 1}\n      do:\n        - set: \"${body}${vars.loop.item.key}=${vars.loop.item.value};\"\n",
				Want:     `"a=1;b=2;"`,
			},
		},
	}
}

var variableForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

func (c *compiler) foreachPart(e *entry) part {
	b, p := c.block(e, takes{})
	l := &foreach{}
	b.body = l
	if n, given := p.get("in"); given {
		l.in = c.operand(n)
	}
	l.as = c.loopVariable(&p)
	l.do = c.inner(e.lists["do"], inLoop)
	return b
}

// loopVariable reads the name of a loop's item.
func (c *compiler) loopVariable(p *params) string {
	before := len(c.faults.list)
	as, _ := c.literal(p, "as").(string)
	n, given := p.get("as")
	if given && len(c.faults.list) == before && (!variableForm.MatchString(as) || as == "loop") {
		c.faults.add(fault.CommandType, n.line, n.col, `parameter "as" must be a name of letters, digits and _, and not loop`)
	}
	if _, k, old := p.node.get("item"); old {
		c.warnings.add(fault.PipelineDeprecated, k.line, k.col, `"item" is an old parameter`).hint("write as")
	}
	return as
}
