package expr

import (
	"slices"
	"strings"
)

// instanceUtil tells what runs the expression.
func instanceUtil() []function {
	fact := func(name, summary, gave string) function {
		return function{
			name: "@instance." + name, changing: true, summary: summary,
			run: func(st *state, _ args) (any, error) { return st.fact(name) },
			examples: []Example{
				gives(`@instance.`+name+`()`, gave), gives(`type(@instance.`+name+`())`, `"text"`),
			},
		}
	}
	return []function{
		fact("domain", "the domain of the server, null when it is not known", `"example.org"`),
		fact("namespace", "the namespace of the server", `"demo"`),
		fact("stage", "the stage that the server is set up for, such as PROD", `"TEST"`),
		fact("version", "the version of the program", `"1.2.3"`),
		fact("build", "the build of the program", `"abc123"`),
		{
			name: "@instance.url", params: params{exact("service").opt()}, changing: true,
			run: func(st *state, a args) (any, error) {
				if a.given(0) {
					return st.fact("url." + a.text(0))
				}
				return st.fact("url")
			},
			summary:  "the address of the server, or of a service beside it; null when it is not known",
			examples: []Example{gives(`@instance.url()`, `"https://example.org"`), gives(`@instance.url('none')`, `null`)},
		},
		{
			name: "@instance.profiles", changing: true,
			run: func(st *state, _ args) (any, error) {
				profiles, err := st.profiles()
				if err != nil {
					return nil, err
				}
				return st.admit(profiles)
			},
			summary:  "the profiles that are active",
			examples: []Example{gives(`@instance.profiles()`, `["demo"]`), gives(`@instance.profiles().size()`, `1`)},
		},
		{
			name: "@instance.hasProfile", params: params{texts("profiles").all()}, changing: true,
			run: func(st *state, a args) (any, error) {
				active, err := st.profiles()
				if err != nil {
					return nil, err
				}
				for _, profile := range a.texts(0) {
					if err := st.step(1 + len(active)); err != nil {
						return nil, err
					}
					if slices.Contains(active, profile) {
						return true, nil
					}
				}
				return false, nil
			},
			summary:  "whether one of the profiles is active",
			examples: []Example{gives(`@instance.hasProfile('x', 'demo')`, `true`), gives(`@instance.hasProfile('x')`, `false`)},
		},
		{
			name: "@instance.uptime", changing: true,
			run: func(st *state, _ args) (any, error) {
				if st.lang.options.Instance == nil {
					return nil, unavailable("facts of an instance")
				}
				return int(st.lang.options.Instance.Uptime().Milliseconds()), nil
			},
			summary:  "milliseconds since the server started",
			examples: []Example{gives(`@instance.uptime()`, `60000`), gives(`@instance.uptime() > 0`, `true`)},
		},
		{
			name: "@instance.env", params: params{exact("name")}, changing: true, run: environment,
			summary: "a variable of the environment, as far as the server shows it; names of secrets are refused",
			examples: []Example{
				gives(`@instance.env('REGION')`, `"eu"`), gives(`@instance.env('NONE')`, `null`),
				fails(`@instance.env('API_TOKEN')`, "name of @instance.env(name) sounds like a secret"),
			},
		},
	}
}

func (st *state) fact(name string) (any, error) {
	if st.lang.options.Instance == nil {
		return nil, unavailable("facts of an instance")
	}
	v, ok := st.lang.options.Instance.Fact(name)
	if !ok {
		return nil, nil
	}
	return st.admit(v)
}

func (st *state) profiles() ([]string, error) {
	if st.lang.options.Instance == nil {
		return nil, unavailable("facts of an instance")
	}
	return st.lang.options.Instance.Profiles(), nil
}

func environment(st *state, a args) (any, error) {
	name := strings.ToLower(a.text(0))
	for _, word := range []string{"secret", "token", "pass", "pwd", "key", "cred", "auth", "private", "salt", "sign", "cert", "dsn"} {
		if strings.Contains(name, word) {
			return nil, refuse(0, "sounds like a secret").with("secrets are given to plugins by their grants")
		}
	}
	if st.lang.options.Instance == nil {
		return nil, unavailable("facts of an instance")
	}
	v, ok := st.lang.options.Instance.Env(a.text(0))
	if !ok {
		return nil, nil
	}
	return st.admit(v)
}
