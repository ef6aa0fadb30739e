// Package plugintest runs the commands of a plugin in the test's own process, against a host whose
// answers the test writes down. Parameters are checked as the real host checks them: aliases, defaults,
// required ones, types. What only a real host can show, such as limits and grants, is not shown here.
package plugintest
