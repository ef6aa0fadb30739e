package builtin

import (
	"context"
	"time"

	"github.com/penstock/penstock/runtime/command"
)

func cacheKeyParam() command.Param {
	return command.Param{Name: "key", Type: command.TypeText, Required: true, Summary: "The key. All pipelines of the process share the keys."}
}

// cachePut keeps a value for a while. A step that is repeated puts the same again, so nothing is recorded.
func cachePut(c *cache) command.Definition {
	return command.Definition{
		Spec: command.Spec{
			Name:    "cache.put",
			Summary: "Keeps a value for a while in the memory of this process. It may be gone at any time.",
			Params: []command.Param{
				cacheKeyParam(),
				{Name: "value", Type: command.TypeAny, Summary: "The value; default is the body."},
				{Name: "timeToLive", Type: command.TypeDuration, Default: 10_000, Summary: "How long, at most a day: a text such as 5m, or milliseconds."},
			},
			Examples: []command.Example{
				{
					Title:    "the body",
					Pipeline: "pipeline:\n  - cache.put: {key: last.order}\n  - cache.get: last.order\n",
					Body:     `{"id":7}`,
					Want:     `{"id":7}`,
				},
				{
					Title:    "a value",
					Pipeline: "pipeline:\n  - cache.put:\n      key: rate.${body.of}\n      value: 1.1\n      timeToLive: 5m\n  - cache.get: rate.EUR\n",
					Body:     `{"of":"EUR"}`,
					Want:     `1.1`,
				},
			},
		},
		Command: command.Func(func(_ context.Context, call command.Call) (command.Result, error) {
			v, given := call.Args["value"]
			if !given {
				v = call.Body
			}
			key, _ := call.Args["key"].(string)
			ttl, _ := call.Args["timeToLive"].(int)
			return command.Result{}, c.put(key, v, time.Duration(ttl)*time.Millisecond)
		}),
	}
}
