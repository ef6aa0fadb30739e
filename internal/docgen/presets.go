package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/penstock/penstock/ingress/verify"
)

func presetsPage(w *bytes.Buffer) error {
	presets, err := verify.Load()
	if err != nil {
		return err
	}
	all := presets.All()
	fmt.Fprintf(w, "# Signature presets\n\nName one in `webhook.put` as `preset`, with its `secret`. A request that it does not prove is refused. These %d ship;\n"+
		"your own go into the folder `ingress.presets` of the configuration, in the form that [Writing a signature preset](../presets.md) describes.\n"+
		"`pi send PRESET` makes a request as the sender would, `pi webhook verify --preset PRESET` judges one.\n\n"+
		"| preset | sender | proof | largest age | handshakes |\n|---|---|---|---|---|\n", len(all))
	for _, p := range all {
		fmt.Fprintf(w, "| [`%s`](#%s) | %s | %s | %s | %s |\n", p.Name, p.Name, cell(p.Summary), code(p.Signature), age(p), strings.Join(p.Handshakes, ", "))
	}
	for _, p := range all {
		presetSection(w, p)
	}
	return nil
}

func presetSection(w *bytes.Buffer, p verify.Info) {
	fmt.Fprintf(w, "\n## %s\n\n%s.", p.Name, p.Summary)
	if p.Docs != "" {
		fmt.Fprintf(w, " [The sender's page](%s).", p.Docs)
	}
	fmt.Fprintf(w, "\n\n%s\n", strings.TrimSpace(p.Setup))
	var facts []string
	fact := func(name string, values ...string) {
		var shown []string
		for _, v := range values {
			if v != "" {
				shown = append(shown, code(v))
			}
		}
		if len(shown) > 0 {
			facts = append(facts, name+" "+strings.Join(shown, ", "))
		}
	}
	fact("Delivery id:", p.Delivery)
	if p.Unsigned {
		facts = append(facts, "The sender does not sign that id: a copy of a request with another id would be another event, so keep the way to this server encrypted")
	}
	fact("Event name:", p.Event)
	fact("Options:", p.Settings...)
	fact("Samples of `pi send`:", p.Samples...)
	if p.Off {
		facts = append(facts, "Weak, so it is used only with `acceptWeak`")
	}
	if p.Address {
		facts = append(facts, "Signs the address: set `ingress.url` to the one that the sender knows")
	}
	if len(facts) > 0 {
		fmt.Fprintf(w, "\n- %s\n", strings.Join(facts, "\n- "))
	}
}

func age(p verify.Info) string {
	if !p.Timestamped {
		return ""
	}
	return fmt.Sprintf("%d s", p.Tolerance/time.Second)
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}
