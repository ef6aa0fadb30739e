package iam_test

import (
	"strings"
	"testing"

	"github.com/penstock/penstock/runtime/iam"
)

func policy(t *testing.T) *iam.Policy {
	t.Helper()
	p, err := iam.NewPolicy(
		map[string][]string{
			"guest": {"CAN_CMD_log", "CAN_CMD_var.*"},
			"mail":  {"CAN_CMD_mail.*"},
			"all":   {"CAN_CMD_*"},
			"odd":   {"CAN_CMD_a*.b*c"},
		},
		map[string]iam.Identity{
			"anonymousUser": {Roles: []string{"guest"}},
			"mailer":        {Roles: []string{"guest", "mail"}, Pipelines: []string{"lead-*"}},
			"systemuser":    {Roles: []string{"all"}, Pipelines: []string{"*"}},
			"odd":           {Roles: []string{"odd"}},
			"nobody":        {},
		})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	p := policy(t)
	commands := []string{"log", "logx", "var.set", "var", "mail.send", "xmail.send", "webhook.put", "ax.byc", "ax.by"}
	want := map[string]string{ // one letter per command: y or n
		"anonymousUser": "ynynnnnnn",
		"mailer":        "ynynynnnn",
		"systemuser":    "yyyyyyyyy",
		"odd":           "nnnnnnnyn",
		"nobody":        "nnnnnnnnn",
		"missing":       "nnnnnnnnn",
	}
	for identity, row := range want {
		for i, command := range commands {
			if got := p.MayRun(identity, command); got != (row[i] == 'y') {
				t.Errorf("MayRun(%s, %s) = %v", identity, command, got)
			}
		}
	}
	for _, c := range []struct {
		pipeline, identity string
		want               bool
	}{
		{"lead-mail", "mailer", true},
		{"other", "mailer", false},
		{"other", "systemuser", true},
		{"lead-mail", "anonymousUser", false},
		{"lead-mail", "missing", false},
	} {
		if got := p.MayActAs(c.pipeline, c.identity); got != c.want {
			t.Errorf("MayActAs(%s, %s) = %v", c.pipeline, c.identity, got)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	p, err := iam.NewPolicy(nil, map[string]iam.Identity{
		"ann": {UUID: "00000000-0000-4000-8000-00000000000A", Email: "Ann@example.org", FirstName: "Ann"}, "bot": {},
	})
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{
		"ann": "ann", "ann@EXAMPLE.org": "ann", "00000000-0000-4000-8000-00000000000a": "ann", "bot": "bot", "": "", "eve": "", "Ann": "",
	} {
		name, id, found := p.Find(ref)
		if found != (want != "") || found && name != want || (id.FirstName == "Ann") != (want == "ann") {
			t.Errorf("%q: %q %+v %v", ref, name, id, found)
		}
	}
	_, err = iam.NewPolicy(nil, map[string]iam.Identity{"ann": {Email: "a@example.org"}, "bob": {Email: "A@example.org"}})
	if err == nil || !strings.Contains(err.Error(), "ann has it too") || !strings.Contains(err.Error(), "iam.identities.bob.email") {
		t.Errorf("a doubled mail address: %v", err)
	}
}

func TestFaultsNameTheKey(t *testing.T) {
	t.Parallel()
	_, err := iam.NewPolicy(map[string][]string{"guest": {"log"}}, map[string]iam.Identity{"x": {Roles: []string{"gest"}}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"iam.roles.guest", "CAN_CMD_", "iam.identities.x.roles", `did you mean "guest"?`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}
