package lint_test

import (
	"fmt"
	"testing"

	"github.com/penstock/penstock/runtime/pipeline"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

// realistic is a pipeline as people write them: a trigger, conditions, a loop, calls and a handler.
func realistic(i int) string {
	return fmt.Sprintf(`headers:
  description: Takes orders of shop %[1]d and tells the warehouse.
vars:
  limit: 100
  currency: EUR
pipeline:
  - event.listen:
      eventKey: com.acme.shop%[1]d.order.created
  - set:
      value: {id: "${body.payload.id}", total: "${@calc.round(body.payload.total, 2)}", lines: "${body.payload.lines ?? []}"}
      output: vars.order
  - if: ${vars.order.total > vars.limit}
  - log: "order ${vars.order.id} over ${vars.limit} ${vars.currency}"
  - if.else
  - log: {message: small, level: DEBUG}
  - if.end
  - foreach: {in: "${vars.order.lines}", as: line}
  - set:
      value: "${@text.upperCase(vars.line.name)}: ${vars.line.count * vars.line.price}"
      output: vars.text
      if: ${vars.line.count > 0}
  - log: ${vars.text ?? 'nothing'}
  - foreach.end
  - event.send:
      key: com.acme.shop%[1]d.order.checked
      payload: {id: "${vars.order.id}", total: "${vars.order.total}"}
      retry: {attempts: 3, wait: 2, backoff: exponential}
  - except:
      type: store.*
      do:
        - log: {message: "not sent: ${exception.message}", level: ERROR}
`, i)
}

// BenchmarkCheck measures one pipeline, on top of what loading it takes; see BenchmarkExamine.
func BenchmarkCheck(b *testing.B) {
	s := setup(b)
	files := []lint.File{{Name: "a.pi.yaml", Text: realistic(1)}}
	b.ReportAllocs()
	for b.Loop() {
		if found := lint.Check(files, s); len(found) != 0 {
			b.Fatal(told(found, nil))
		}
	}
}

func BenchmarkExamine(b *testing.B) {
	s := setup(b)
	text := []byte(realistic(1))
	b.ReportAllocs()
	for b.Loop() {
		if x := pipeline.Examine("a.pi.yaml", "", text, s.Deps); x.Plan == nil {
			b.Fatal(x.Faults)
		}
	}
}

// BenchmarkCheckAgain measures a set of which one file changed, as an editor asks.
func BenchmarkCheckAgain(b *testing.B) {
	s := setup(b)
	files := make([]lint.File, 200)
	for i := range files {
		files[i] = lint.File{Name: fmt.Sprintf("p/a%d.pi.yaml", i), Text: realistic(i), Dir: "p"}
	}
	l := lint.New(s)
	l.Check(files)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		files[0].Text = realistic(0) + fmt.Sprintf("# %d\n", i)
		l.Check(files)
	}
}
