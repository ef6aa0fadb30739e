// Package expr is the expression language of pipelines: expressions, texts with ${...} or #{...} in them,
// and the places that `output` writes to. Packages that read pipelines and webhooks compile with it once
// and evaluate often; lint, completion and the reference read [Utils]. It is the only package that knows
// github.com/expr-lang/expr, whose lexer and parser it uses; what they give is compiled to functions here,
// so that limits, errors and meanings are ours. docs/reference/expressions.md describes the language.
//
// What an expression gives is never read as an expression. Values are only read, never changed, and Go
// values cannot be reached. An error names paths, parameters, types and limits, never values.
//
// A step, of which [Options] limits the number, is one round of a predicate (more for a long one), one
// call, one comparison, one item looked at, or 64 bytes read; context and clock are looked at every
// thousand steps. Bytes are counted before they are allocated.
package expr
