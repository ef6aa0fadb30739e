package ingress

import (
	"time"

	"github.com/penstock/penstock/runtime/expr"
)

// newLanguage makes the language of expressions in settings.
func newLanguage(now func() time.Time) *expr.Language {
	return expr.New(expr.Options{Now: now, MaxSource: maxExpression, MaxSteps: maxSteps, MaxBytes: maxMade})
}
