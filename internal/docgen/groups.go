package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/command/builtin"
	"github.com/penstock/penstock/runtime/pipeline"
)

// group is one page of commands.
type group struct {
	file, title, intro string
	words              []string // first words of the names of its built-in commands
	specs              []command.Spec
}

func (g *group) page() string { return "commands/" + g.file + ".md" }

// groups sorts every command that ships into its page: triggers and the commands of the language first,
// then the built-in ones by the first word of their names. Their examples are executed by the tests of the
// packages that the lists come from.
func groups() ([]group, error) {
	list := []group{
		{
			file: "triggers", title: "Triggers",
			intro: "A trigger is the first command of a file and says when the pipeline runs. A file without one runs only when it is called.",
			specs: pipeline.TriggerCommands(),
		},
		{
			file: "flow", title: "Flow", words: []string{"exit"},
			intro: "These belong to the language itself; no right is needed for them, but for `pipeline.run`. A block is written flat, with `NAME.end`, or nested, with `do`, `then` and `else`: both are the same.",
			specs: pipeline.FlowCommands(),
		},
		{
			file: "data", title: "Data", words: []string{"body", "cache", "data", "datetime", "dev", "json", "set", "transform", "var", "vars"},
			intro: "What a run works with: the body, variables, lists and maps.",
		},
		{
			file: "http", title: "Requests to other servers", words: []string{"http"},
			intro: "Requests go through the rules of `egress` in the configuration: https only, public addresses only, unless a host is named there. " +
				"A secret is named in `secret` and stands under `secrets` in the configuration, with the hosts that may see it.",
		},
		{
			file: "property", title: "Properties", words: []string{"property"},
			intro: "Settings and small data by path, kept in the store. A path is `global/app/shop/limit`, or the same behind `/pipeforce/NAMESPACE/`; in patterns `?` stands for a character, " +
				"`*` for any number of them within a segment, `**` for any number of segments. Each change sends an event: `property.created`, `property.updated`, `property.deleted`, `property.moved` or `property.copied`, with " +
				"`origin` (before) and `target` (after) in its payload.",
		},
		{file: "event", title: "Events, messages and results", words: []string{"event", "message", "result"}, intro: "What a run says to others."},
		{file: "pipeline", title: "Pipelines and jobs", words: []string{"job", "mock", "pipeline"}, intro: "Stored pipelines and their schedules."},
		{file: "webhook", title: "Webhooks", words: []string{"webhook"}, intro: "The inbound URLs; [the guide](../../webhooks.md) tells how they work."},
		{file: "log", title: "Log and identity", words: []string{"audit", "iam", "log"}, intro: "Who a run is, and what it writes about itself."},
	}
	registry, err := command.NewRegistry(builtin.All(builtin.Deps{Now: time.Now})...)
	if err != nil {
		return nil, err
	}
	for _, d := range registry.Definitions() {
		word, _, _ := strings.Cut(d.Spec.Name, ".")
		i := slices.IndexFunc(list, func(g group) bool { return slices.Contains(g.words, word) })
		if i < 0 {
			return nil, fmt.Errorf("the command %s has no page: name its first word in internal/docgen/groups.go", d.Spec.Name)
		}
		list[i].specs = append(list[i].specs, d.Spec)
	}
	for i := range list {
		slices.SortFunc(list[i].specs, func(a, b command.Spec) int { return strings.Compare(a.Name, b.Name) })
	}
	return slices.DeleteFunc(list, func(g group) bool { return len(g.specs) == 0 }), nil
}
