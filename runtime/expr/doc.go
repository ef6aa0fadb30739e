// Package expr is the expression language of pipelines: ${body.lead.email}, templates and output targets.
package expr
