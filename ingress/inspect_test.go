package ingress_test

import (
	"strings"
	"testing"

	"github.com/penstock/penstock/ingress"
	"github.com/penstock/penstock/runtime/webhook"
)

func TestInspect(t *testing.T) {
	t.Parallel()
	v := &vault{kept: map[string]string{"a": leadsToken, "b": pushToken, "s": "one"}}
	with := func(d webhook.Declaration, change func(*webhook.Webhook)) webhook.Declaration {
		change(&d.Webhook)
		return d
	}
	for name, c := range map[string]struct {
		list             []webhook.Declaration
		faults, warnings string // each the whole text
	}{
		"sound":        {[]webhook.Declaration{declare("leads", "", "file:a"), declare("push", "file:s", "file:b")}, "", ""},
		"unset token":  {[]webhook.Declaration{declare("leads", "", "file:none")}, "", "leads.webhook.yaml:2:8: token: the token cannot be used: no such file; the server needs it"},
		"weak token":   {[]webhook.Declaration{declare("leads", "", "file:s")}, "leads.webhook.yaml:2:8: token: the token cannot be used: a token has 16 to 127 letters, digits, - and _, and does not begin with wh_", ""},
		"one token":    {[]webhook.Declaration{declare("leads", "", "file:a"), declare("push", "file:s", "file:a")}, "push.webhook.yaml:2:8: token: the webhook leads has this token, too", ""},
		"plain secret": {[]webhook.Declaration{declare("push", "CANARY", "file:b")}, "", "push.webhook.yaml: secret: a secret stands in the file itself; write env:NAME or file:PATH"},
		"unset secret": {[]webhook.Declaration{declare("push", "file:none", "file:b")}, "", "push.webhook.yaml: secrets: a reference cannot be resolved here: no such file; the server needs it"},
		"unset secret and a fault": {
			[]webhook.Declaration{with(declare("push", "file:none", "file:b"), func(w *webhook.Webhook) { w.Verify.Preset = "githup" })},
			`push.webhook.yaml:3:9: preset: there is no preset "githup"; did you mean "github"?`,
			"push.webhook.yaml: secrets: a reference cannot be resolved here: no such file; the server needs it",
		},
		"setting": {
			[]webhook.Declaration{with(declare("leads", "", "file:a"), func(w *webhook.Webhook) { w.Rate.Burst = 3 })},
			"leads.webhook.yaml: burst: a burst needs a rate; give rate, the number of requests per second", "",
		},
	} {
		faults, warnings := ingress.Inspect(c.list, presets(t), v, nil)
		if faults.Error() != c.faults || warnings.Error() != c.warnings {
			t.Errorf("%s:\nfaults   %s\nwarnings %s", name, faults.Error(), warnings.Error())
		}
		if strings.Contains(warnings.Error(), "CANARY") {
			t.Errorf("%s: the warning shows the secret", name)
		}
	}
}
