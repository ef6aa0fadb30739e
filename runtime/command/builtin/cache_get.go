package builtin

import (
	"context"

	"github.com/penstock/penstock/runtime/command"
)

// cacheGet reads what was kept.
func cacheGet(c *cache) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:      "cache.get",
			Summary:   "Reads what cache.put kept.",
			Params:    []command.Param{cacheKeyParam()},
			Shorthand: "key",
			Result:    "The value; null when there is none.",
			Examples: []command.Example{
				{
					Title:    "what is there",
					Pipeline: "pipeline:\n  - cache.put: {key: a, value: [1, 2]}\n  - cache.get: a\n",
					Want:     `[1,2]`,
				},
				{
					Title:    "what is not",
					Pipeline: "pipeline:\n  - cache.get: {key: none, output: vars.seen}\n  - set: \"${vars.seen ?? 'ask again'}\"\n",
					Want:     `"ask again"`,
				},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			key, _ := call.Args["key"].(string)
			v, _ := c.get(key)
			return command.Value(v), nil
		}),
	}
}

// cacheHas says whether something is kept.
func cacheHas(c *cache) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:      "cache.has",
			Summary:   "Says whether cache.put kept something under a key.",
			Params:    []command.Param{cacheKeyParam()},
			Shorthand: "key",
			Result:    "true or false.",
			Examples: []command.Example{
				{
					Title:    "null is something too",
					Pipeline: "pipeline:\n  - cache.put: {key: a, value: null}\n  - cache.has: a\n",
					Want:     `true`,
				},
				{
					Title:    "nothing",
					Pipeline: "pipeline:\n  - cache.has: none\n",
					Want:     `false`,
				},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			key, _ := call.Args["key"].(string)
			_, found := c.get(key)
			return command.Value(found), nil
		}),
	}
}
