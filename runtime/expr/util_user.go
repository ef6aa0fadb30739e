package expr

import (
	"context"
	"strings"
)

// userUtil speaks of the identity whose rights the run has, or of one that is named.
func userUtil() []function {
	field := func(name, summary, gave string, read func(User) string) function {
		return function{
			name: "@user." + name, params: params{exact("user").opt()}, changing: true, summary: summary,
			run: func(st *state, a args) (any, error) {
				u, err := st.user(a)
				if u == nil || err != nil {
					return nil, err
				}
				return st.admit(read(*u))
			},
			examples: []Example{gives(`@user.`+name+`()`, gave), gives(`@user.`+name+`('nobody')`, `null`)},
		}
	}
	return []function{
		{
			name: "@user.username", changing: true,
			run:      func(st *state, _ args) (any, error) { return st.caller(), nil },
			summary:  "the name of the identity whose rights the run has",
			examples: []Example{gives(`@user.username()`, `"ann"`), gives(`@user.username() == @user.email()`, `false`)},
		},
		{
			name: "@user.loggedIn", changing: true,
			run: func(st *state, _ args) (any, error) {
				name := st.caller()
				return name != "" && name != anonymous, nil
			},
			summary:  "whether the run has an identity other than anonymousUser",
			examples: []Example{gives(`@user.loggedIn()`, `true`), gives(`@user.loggedIn() and @user.username() == 'bob'`, `false`)},
		},
		field("uuid", "the UUID of an identity", `"00000000-0000-4000-8000-000000000001"`, func(u User) string { return u.UUID }),
		field("displayName", "the full name of an identity", `"Ann Lee"`, displayName),
		field("firstName", "the first name of an identity", `"Ann"`, func(u User) string { return u.FirstName }),
		field("lastName", "the last name of an identity", `"Lee"`, func(u User) string { return u.LastName }),
		field("email", "the mail address of an identity", `"ann@example.org"`, func(u User) string { return u.Email }),
		field("emailAndDisplayName", "the mail address of an identity as it is written in a mail", `"Ann Lee <ann@example.org>"`, mailbox),
		field("locale", "the language of an identity, such as de or en-GB", `"en-GB"`, func(u User) string { return u.Locale }),
		field("zone", "the time zone of an identity", `"Europe/London"`, func(u User) string { return u.Zone }),
		{
			name: "@user.hasPermission", params: params{texts("permissions").all()}, changing: true, run: hasPermission,
			summary:  "whether the identity of the run holds all the permissions",
			examples: []Example{gives(`@user.hasPermission('CAN_CMD_log')`, `true`), gives(`@user.hasPermission('CAN_CMD_log', 'CAN_ALL')`, `false`), gives(`@user.hasPermission([])`, `false`)},
		},
	}
}

const anonymous = "anonymousUser"

// caller is the name of the identity whose rights the run has.
func (st *state) caller() string {
	name, _ := st.env[Caller].(string)
	return name
}

// user finds the identity that argument 0 names, the caller's without one; nil when there is none.
func (st *state) user(a args) (*User, error) {
	users := st.lang.options.Users
	if users == nil {
		return nil, unavailable("users")
	}
	name := st.caller()
	if a.given(0) {
		name = a.text(0)
	}
	var u User
	var ok bool
	err := st.ask("an identity", func(ctx context.Context) (err error) {
		u, ok, err = users.User(ctx, name)
		return err
	})
	if err != nil || !ok {
		return nil, err
	}
	return &u, nil
}

func displayName(u User) string {
	if u.DisplayName != "" {
		return u.DisplayName
	}
	return strings.TrimSpace(u.FirstName + " " + u.LastName)
}

// mailbox never lets a name break out of its place in a header.
func mailbox(u User) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`<>"\,;:`, r) {
			return -1
		}
		return r
	}, displayName(u))
	return strings.TrimSpace(name + " <" + u.Email + ">")
}

func hasPermission(st *state, a args) (any, error) {
	users := st.lang.options.Users
	if users == nil {
		return nil, unavailable("users")
	}
	asked := false // nothing is not held
	for _, permission := range a.texts(0) {
		asked = true
		holds := false
		err := st.ask("a permission", func(ctx context.Context) (err error) {
			holds, err = users.Holds(ctx, st.caller(), permission)
			return err
		})
		if err != nil || !holds {
			return false, err
		}
	}
	return asked, nil
}
