package main

import (
	"html"
	"strings"
)

// elements are those that a message may be wrapped in to count as HTML.
const elements = " a abbr address article aside b big blockquote body center code div em font footer h1 h2 h3 h4 h5 h6 header html i main ol p pre section small span strong table tbody u ul "

// isOneElement reports whether s is exactly one HTML element.
func isOneElement(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	if rest, ok := strings.CutPrefix(s, "<!doctype html"); ok {
		_, rest, _ = strings.Cut(rest, ">")
		s = strings.TrimSpace(rest)
	}
	name := tagName(s)
	if name == "" || !strings.Contains(elements, " "+name+" ") || !strings.HasSuffix(s, "</"+name+">") {
		return false
	}
	depth := 0
	for i := 0; i < len(s); {
		next := strings.IndexByte(s[i:], '<')
		if next < 0 {
			break
		}
		i += next + 1
		switch tag := s[i:]; {
		case strings.HasPrefix(tag, "/") && tagName("<"+tag[1:]) == name:
			if depth--; depth == 0 {
				return strings.IndexByte(tag, '>') == len(tag)-1
			}
		case tagName("<"+tag) == name:
			depth++
		}
	}
	return false
}

// tagName gives the name of the tag that s begins with, "" when it begins with none.
func tagName(s string) string {
	if !strings.HasPrefix(s, "<") {
		return ""
	}
	end := strings.IndexFunc(s[1:], func(c rune) bool { return c > '~' || !isAlphanumeric(byte(c)) })
	if end <= 0 || !strings.ContainsRune(" \t\r\n>/", rune(s[1+end])) {
		return ""
	}
	return s[1 : 1+end]
}

// textOfHTML gives what a reader without HTML should see: no tags, no scripts and styles, line breaks
// where blocks end.
func textOfHTML(s string) string {
	var b strings.Builder
	hidden := "" // the element whose content is left out
	for len(s) > 0 {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			open = len(s)
		}
		if hidden == "" {
			b.WriteString(collapse(s[:open]))
		}
		if s = s[open:]; s == "" {
			break
		}
		closing := strings.IndexByte(s, '>')
		if strings.HasPrefix(s, "<!--") {
			if closing = strings.Index(s, "-->"); closing >= 0 {
				closing += 2
			}
		}
		if closing < 0 {
			break
		}
		tag := strings.ToLower(s[:closing+1])
		s = s[closing+1:]
		end := strings.HasPrefix(tag, "</")
		name := tagName("<" + strings.TrimLeft(tag, "</"))
		switch {
		case hidden != "":
			if end && name == hidden {
				hidden = ""
			}
		case !end && (name == "script" || name == "style" || name == "head"):
			hidden = name
		case name == "br", end && strings.Contains(" p div tr h1 h2 h3 h4 h5 h6 ul ol table blockquote pre section ", " "+name+" "):
			b.WriteByte('\n')
		case !end && name == "li":
			b.WriteString("\n- ")
		}
	}
	return tidy(html.UnescapeString(b.String()))
}

// collapse makes each run of white space one space.
func collapse(s string) string {
	var b strings.Builder
	space := false
	for _, c := range s {
		if strings.ContainsRune(" \t\r\n", c) {
			space = true
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(c)
	}
	if space {
		b.WriteByte(' ')
	}
	return b.String()
}

// tidy takes out spaces around line breaks and more than one empty line.
func tidy(s string) string {
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimSpace(line)
		if line != "" || len(lines) > 0 && lines[len(lines)-1] != "" {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
