// Package commandtest helps to test commands, built-in ones and those of plugins: [RunExamples] executes
// the examples in their descriptions as real pipelines, [Run] any other pipeline text. Only tests import it.
package commandtest
