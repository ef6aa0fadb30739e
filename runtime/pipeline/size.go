package pipeline

import "github.com/penstock/penstock/runtime/fault"

// Compiling a step or an expression takes a few kilobytes, so these bound what one file can cost: all of a
// file within 100 ms and 64 MB.
const (
	mostSteps       = 5000 // commands of one file
	mostExpressions = 8000 // values with expressions in them
)

// done reports whether nothing more is to be compiled: the file holds too much, or so many faults that
// nobody will read about more.
func (c *compiler) done(e *entry) bool {
	if len(c.plan.heads) >= mostSteps {
		c.tooMuch(e.line, e.col, mostSteps, "commands")
	}
	return c.stopped || c.faults.full()
}

// mayCompile counts the expressions of the file.
func (c *compiler) mayCompile(n *node) bool {
	if c.expressions++; c.expressions > mostExpressions {
		c.tooMuch(n.line, n.col, mostExpressions, "values with expressions")
	}
	return !c.stopped && !c.faults.full()
}

func (c *compiler) tooMuch(line, col, most int, what string) {
	if c.stopped {
		return
	}
	c.stopped = true
	c.faults.add(fault.PipelineLimit, line, col, "a pipeline file has at most %d %s", most, what).
		hint("move a part to a file of its own and run it with pipeline.run")
}
