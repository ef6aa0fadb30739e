package pipeline

import (
	"slices"
	"strings"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/trigger"
)

// The limits of batches.
const (
	maxBatchItems = 10_000
	maxBatchSize  = 204_800 // bytes
	minBatchWait  = 10 * time.Millisecond
	maxBatchWait  = time.Hour
)

// message compiles what message.receive has beside its key.
func (c *compiler) message(t *trigger.Trigger, p *params) {
	if n, given := p.get("key"); given && strings.HasPrefix(t.Pattern, "webhook.") && !strings.HasPrefix(t.Prefix, "webhook.") {
		c.warnings.add(fault.PipelineTrigger, n.line, n.col, "no webhook sends a message with the key %q", short(t.Pattern)).
			hint("the message of an event has its key with %q in front", t.Prefix)
	}
	c.brokerParams(p)
	t.Manual = !c.truth(p, "autoack")
	t.Batch = c.batch(p)
	if n, _, given := p.node.get("autoack"); t.Manual && t.Batch != nil && given {
		c.faults.add(fault.PipelineTrigger, n.line, n.col, "batches cannot be acknowledged by the pipeline").
			hint("leave autoack out, or take single messages")
	}
}

// batch reads when a batch is full; nil when messages are taken one by one.
func (c *compiler) batch(p *params) *trigger.Batch {
	items, size := c.within(p, "maxBatchItems", maxBatchItems), c.within(p, "maxBatchSize", maxBatchSize)
	wait := c.batchWait(p)
	if items == 0 && size == 0 {
		_, byItems := p.get("maxBatchItems")
		_, bySize := p.get("maxBatchSize")
		if n, given := p.get("maxBatchWait"); given && !byItems && !bySize {
			c.faults.add(fault.CommandParam, n.line, n.col, `"maxBatchWait" belongs to batches`).hint("write maxBatchItems or maxBatchSize too")
		}
		return nil
	}
	if size == 0 {
		size = maxBatchSize
	}
	return &trigger.Batch{Items: items, Bytes: size, Wait: wait}
}

// within reads a whole number from 1 to most; 0 when it is not given.
func (c *compiler) within(p *params, name string, most int) int {
	n, given := p.get(name)
	if !given || n.isNull() {
		return 0
	}
	before := len(c.faults.list)
	v := c.literal(p, name)
	number, whole := v.(int)
	if len(c.faults.list) == before && (!whole || number < 1 || number > most) {
		c.faults.add(fault.CommandType, n.line, n.col, "parameter %q is a whole number from 1 to %d", name, most)
	}
	return number
}

func (c *compiler) batchWait(p *params) time.Duration {
	n, given := p.get("maxBatchWait")
	before := len(c.faults.list)
	var wait time.Duration
	switch v := c.literal(p, "maxBatchWait").(type) {
	case int:
		wait = time.Duration(v) * time.Millisecond
	case string: // the default
		wait, _ = command.ParseDuration(v)
	}
	if given && !n.isNull() && len(c.faults.list) == before && (wait < minBatchWait || wait > maxBatchWait) {
		c.faults.add(fault.CommandType, n.line, n.col, "parameter %q is a duration from %s to %s", "maxBatchWait", minBatchWait, maxBatchWait)
	}
	return wait
}

// brokerParams judges the parameters that mean something to a broker with exchanges and queues.
func (c *compiler) brokerParams(p *params) {
	c.exchange(p)
	if n, given := p.get("queue"); given && !n.isNull() {
		c.faults.add(fault.PipelineUnsupported, n.line, n.col, "a pipeline has no queue with a name: what it has to do is kept in the store").
			hint("leave it out; exchanges and queues of a broker's own are not supported yet")
	}
	if n, given := p.get("manageQueue"); given && !n.isNull() {
		for word := range strings.SplitSeq(n.words(), ",") {
			switch strings.TrimSpace(word) {
			case "create", "delete":
			case "false":
				c.warnings.add(fault.PipelineUnsupported, n.line, n.col, `"manageQueue" has no effect: there is no queue to create or to delete`).hint("leave it out")
			default:
				c.faults.add(fault.CommandType, n.line, n.col, `parameter "manageQueue" is create, delete, both with a comma, or false`)
				return
			}
		}
		if strings.Contains(n.words(), "delete") {
			c.warnings.add(fault.PipelineUnsupported, n.line, n.col, `"manageQueue" has no effect: there is no queue to create or to delete`).hint("leave it out")
		}
	}
}

// exchange judges the parameter of that name.
func (c *compiler) exchange(p *params) {
	n, given := p.get("exchange")
	if !given || n.isNull() {
		return
	}
	if name, isText := c.literal(p, "exchange").(string); isText && !slices.Contains(trigger.DefaultExchanges(), name) {
		c.faults.add(fault.PipelineUnsupported, n.line, n.col, "there is no exchange %q: all messages go through the default exchange", short(name)).
			hint("leave it out; exchanges and queues of a broker's own are not supported yet")
	}
}

// messages judges the commands about messages, which are commands like others but for where they may stand.
func (c *compiler) messages(e *entry, p *params) {
	switch e.command {
	case "message.send":
		c.exchange(p)
	case "message.ack", "message.nack", "message.drop":
		switch {
		case c.plan.trigger == nil || !c.plan.trigger.Manual:
			c.faults.add(fault.PipelineTrigger, e.line, e.col, "%s needs a pipeline that acknowledges", e.command).
				hint("begin the pipeline with message.receive and autoack: false")
		case c.around.parallel || c.around.macro:
			c.faults.add(fault.PipelineInvalid, e.line, e.col, "%s cannot stand in a macro or in a branch of parallel", e.command).
				hint("put it behind, with a condition")
		}
	}
}

// words is a scalar as it would be written.
func (n *node) words() string {
	if n.value == false {
		return "false"
	}
	text, _ := n.text()
	return text
}

func messageReceiveSpec() command.Spec {
	const noQueue = "leave it out: there is no queue to create or to delete"
	return command.Spec{
		Name:    "message.receive",
		Aliases: []string{"message.listen"},
		Summary: "Starts the pipeline for every message with a key.",
		Params: []command.Param{
			{Name: "key", Type: command.TypeText, Required: true, Literal: true, Summary: "Key of the messages, such as sales.order.created, or pipeforce.event.webhook.lead.created for those of an event; * stands for one word, # for any number of words."},
			{Name: "autoack", Type: command.TypeBoolean, Literal: true, Default: true, Summary: "The message is acknowledged when its run is finished, and a failing run is repeated where it failed. With false the pipeline says what becomes of it, with message.ack, message.nack or message.drop; if it says nothing, the end acknowledges it and any failure gives it back."},
			{Name: "maxBatchItems", Type: command.TypeNumber, Literal: true, Summary: "Gather so many messages for one run, whose body is the list of them; 10,000 at most."},
			{Name: "maxBatchSize", Type: command.TypeNumber, Literal: true, Summary: "Gather messages of so many bytes for one run; 204,800 at most, which is also what holds beside maxBatchItems."},
			{Name: "maxBatchWait", Type: command.TypeDuration, Literal: true, Default: "1s", Summary: "Longest time that the first message of a batch waits for others."},
			{Name: "exchange", Type: command.TypeText, Literal: true, Summary: "The default exchange; there is no other one."},
			{Name: "queue", Type: command.TypeText, Literal: true, Summary: "Not supported: messages are kept in the store."},
			{Name: "manageQueue", Type: command.TypeAny, Literal: true, Default: "create", Summary: "Without effect: there is no queue to create or to delete."},
			{Name: "managed", Type: command.TypeAny, Literal: true, Deprecated: noQueue, Summary: "Without effect."},
			{Name: "deleteQueue", Type: command.TypeAny, Literal: true, Deprecated: noQueue, Summary: "Without effect."},
		},
		Shorthand: "key",
		Result:    "The payload of the message; for the message of an event, the event; for a batch, the list of them. The headers are in event.headers.",
		Examples: []command.Example{
			{
				Title:    "the messages of a group of keys",
				Pipeline: "pipeline:\n  - message.receive: sales.order.*\n  - set: ${body.number}\n",
				Body:     `{"number":7}`,
				Want:     `7`,
			},
			{
				Title:    "the messages of all webhooks",
				Pipeline: "pipeline:\n  - message.receive: pipeforce.event.webhook.#\n  - set: done\n",
				Want:     `"done"`,
			},
			{
				Title:    "a hundred at a time",
				Pipeline: "pipeline:\n  - message.receive:\n      key: sales.order.*\n      maxBatchItems: 100\n      maxBatchWait: 5s\n  - set: ${body.size()} orders\n",
				Body:     `[{"number":7},{"number":8}]`,
				Want:     `"2 orders"`,
			},
			{
				Title:    "a pipeline that acknowledges",
				Pipeline: "pipeline:\n  - message.receive:\n      key: sales.order.*\n      autoack: false\n  - message.drop:\n      if: ${body.number < 0}\n  - message.ack\n  - set: taken\n",
				Body:     `{"number":7}`,
				Want:     `"taken"`,
			},
		},
	}
}
