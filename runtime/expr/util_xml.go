package expr

// xmlUtil reads XML texts. Document types, and with them entities of their own, are refused.
func xmlUtil() []function {
	document := params{exact("document"), exact("xpath")}
	return []function{
		{
			name: "@xml.xpath", params: document, run: xmlPath,
			summary: "all that an XPath points to, as a list: an element without attributes and children is its text, " +
				"any other a map of its children, '@name' for attributes and '#text' for text beside them",
			examples: []Example{
				gives(`@xml.xpath('<a><b>1</b><b>2</b></a>', '/a/b')`, `["1","2"]`),
				gives(`@xml.xpath('<a><b id="7"><c/>x</b></a>', '//b')`, `[{"#text":"x","@id":"7","c":""}]`),
				gives(`@xml.xpath('<a/>', '//none')`, `[]`),
				fails(`@xml.xpath('<a>', '/a')`, "document of @xml.xpath(document, xpath) is not XML"),
				fails(`@xml.xpath('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', '/a')`, "has a document type"),
				fails(`@xml.xpath('<a/>', '/a[')`, "xpath of @xml.xpath(document, xpath) cannot be read"),
			},
		},
		{
			name: "@xml.xpathAsText", params: document, run: xmlPathText,
			summary: "the text of the first thing that an XPath points to, nothing when there is none",
			examples: []Example{
				gives(`@xml.xpathAsText('<a><b>x<c>y</c></b></a>', '/a/b')`, `"xy"`),
				gives(`@xml.xpathAsText('<a><b id="7"/></a>', '//b/@id')`, `"7"`),
				gives(`@xml.xpathAsText('<o><i n="1">pen</i><i n="2">cup</i></o>', '//i[@n = 2]')`, `"cup"`),
				gives(`@xml.xpathAsText('<a/>', '/b')`, `""`),
			},
		},
	}
}

func xmlPath(st *state, a args) (any, error) {
	found, err := st.xpath(a)
	if err != nil {
		return nil, err
	}
	out, err := st.list(len(found))
	if err != nil {
		return nil, err
	}
	for _, n := range found {
		v, err := st.xmlValue(n)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func xmlPathText(st *state, a args) (any, error) {
	found, err := st.xpath(a)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return st.xmlText(found[0])
}

func (st *state) xpath(a args) ([]*xmlNode, error) {
	if err := st.scan(16 * len(a.text(1))); err != nil {
		return nil, err
	}
	path, err := parseXPath(a.text(1))
	if err != nil {
		return nil, err
	}
	root, err := st.readXML(a.text(0))
	if err != nil {
		return nil, err
	}
	return path.find(st, root)
}
