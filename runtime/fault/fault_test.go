package fault_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/penstock/penstock/runtime/fault"
)

func TestErrorText(t *testing.T) {
	t.Parallel()
	pos := fault.Position{File: "a.pi.yaml", Line: 3, Column: 5}
	err := fault.Wrap(fault.CommandUnknown, errors.New("below"), "unknown command %q", "logg").
		At(pos).In("step 2").WithHint("did you mean %q?", "log")
	want := `a.pi.yaml:3:5: step 2: unknown command "logg": below; did you mean "log"?`
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err.Error(), want)
	}
}

func TestChainQuestions(t *testing.T) {
	t.Parallel()
	inner := fault.New(fault.StoreFull, "disk full").WithRetry(3 * time.Second).WithHint("free space")
	outer := fault.Wrap(fault.StoreUnavailable, fmt.Errorf("accepting: %w", inner), "writing")
	if got := fault.CodeOf(outer); got != fault.StoreUnavailable {
		t.Errorf("CodeOf = %q", got)
	}
	if retry, after := fault.Retryable(outer); !retry || after != 3*time.Second {
		t.Errorf("Retryable = %v, %v; want the cause's answer", retry, after)
	}
	if got := fault.HintOf(outer); got != "free space" {
		t.Errorf("HintOf = %q", got)
	}
	if got := fault.CodeOf(errors.New("plain")); got != fault.Internal {
		t.Errorf("CodeOf(plain) = %q", got)
	}
	if got := fault.CodeOf(nil); got != "" {
		t.Errorf("CodeOf(nil) = %q", got)
	}
}

// TestEveryCodeIsListed reads the constants from the source, so that a code without a reference line fails.
func TestEveryCodeIsListed(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("codes.go")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[fault.Code]bool{}
	for _, i := range fault.Codes() {
		if listed[i.Code] {
			t.Errorf("%s is listed twice", i.Code)
		}
		if i.Summary == "" || i.Fix == "" || i.Kind == 0 {
			t.Errorf("%s has an incomplete line", i.Code)
		}
		listed[i.Code] = true
	}
	found := regexp.MustCompile(`Code\s*= "([a-z_.]+)"`).FindAllSubmatch(src, -1)
	if len(found) != len(listed) {
		t.Errorf("%d constants, %d lines", len(found), len(listed))
	}
	for _, m := range found {
		if !listed[fault.Code(m[1])] {
			t.Errorf("%s has no line in Codes", m[1])
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"log", "mail.send", "event.listen", "webhook.put"}
	for name, want := range map[string]string{
		"logg": "log", "mial.send": "mail.send", "event.listn": "event.listen",
		"webhok.put": "webhook.put", "zzzzzzzz": "", "": "",
	} {
		if got := fault.Nearest(name, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}
