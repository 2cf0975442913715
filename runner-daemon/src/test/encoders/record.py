#!/usr/bin/env python3
"""Records what real encoders make of values, as data for RecordedEncodersTest.

    runner-daemon/src/test/encoders/record.py

Needs python3 with PyYAML, node, go, jq, perl, php, ruby, rustc, zsh, curl, openssl, xxd and coreutils; fails if one is missing.
Each command gets the value in the environment variable V and prints what it makes of it. What it prints around the
value stands here, written by hand: the test checks that nothing else is left when the value is hidden.

All strings in the data hold one byte in each character.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = Path(__file__).parent.parent / "resources/dev/mayfly/logs/encoded.json"

VALUES = {
    "token": "ghx_0aB9cD8eF7gH6iJ5kL4mN3oP2qR1sT0uV9wX",
    "password": "p4 $'\"#%&()*+,-./:;<=>?@[\\]^_`{|}~!z",
    "insertions": "#{aB}#$cD#@eF!gH'iJ?x:y",
    "beyond ASCII": "p\u00e4ssw\u00f6rd-\u20ac-\U0001f600-z",
    "lines": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIGh5\nb2x+P/a+7w==\n-----END PRIVATE KEY-----",
    "control": "a\tb\u0007c\u000bd\u007fe\u0001fghij",
}

# Of these, rare separators of hexadecimal digits are not looked for.
LONG = ("token", "password", "lines")

VERSIONS = {
    "go": "go version",
    "openssl": "openssl version",
    "perl": "perl -e 'print $^V'",
    "xxd": "xxd -v 2>&1",
}

PYTHON = "import base64,binascii,csv,html,io,json,os,shlex,sys;from urllib.parse import *;from xml.sax.saxutils import *;import xml.etree.ElementTree as ET;V=os.environ['V'];B=V.encode();print(%s)"
PYTHON_BYTES = "import os,sys;V=os.environ['V'];sys.stdout.buffer.write(%s)"
NODE = "const util=require('util'),V=process.env.V,B=Buffer.from(V);console.log(%s)"

# tool, what it is asked for, what it prints before and after the value, names of values it is not asked for
ENCODERS = [
    *(
        ("python3", PYTHON % ask, before, after + "\n", without)
        for ask, before, after, without in [
            ("json.dumps(V)", '"', '"', ()),
            ("json.dumps(V,ensure_ascii=False)", '"', '"', ()),
            ("json.dumps(json.dumps(V))", '"\\"', '\\""', ()),
            ("json.dumps(json.dumps(V,ensure_ascii=False),ensure_ascii=False)", '"\\"', '\\""', ()),
            ("html.escape(json.dumps(V,ensure_ascii=False))", "&quot;", "&quot;", ()),
            ("repr(V)[1:-1]", "", "", ()),
            ("repr(V+chr(34))[1:-2]", "", "", ("password",)),
            ("repr(B)[2:-1]", "", "", ()),
            ("ascii(V)[1:-1]", "", "", ()),
            ("quote(V)", "", "", ()),
            ("quote(V,safe='')", "", "", ()),
            ("quote_plus(V)", "", "", ()),
            ("quote(quote(V,safe=''),safe='')", "", "", ()),
            ("quote_plus(quote_plus(V))", "", "", ()),
            ("urlencode({'v':base64.b64encode(B)})", "v=", "", ()),
            ("base64.b64encode(B).decode()", "", "", ()),
            ("base64.urlsafe_b64encode(B).decode()", "", "", ()),
            ("base64.urlsafe_b64encode(B).decode().rstrip('=')", "", "", ()),
            ("B.hex()", "", "", ()),
            ("B.hex().upper()", "", "", ()),
            ("B.hex(':')", "", "", ()),
            ("B.hex(' ').upper()", "", "", ()),
            ("B.hex('-').upper()", "", "", ()),
            ("','.join(' 0x%02x'%b for b in B)", " ", "", ()),
            ("', '.join('0x%02X'%b for b in B)", "", "", ()),
            ("''.join('\\\\x%02x'%b for b in B)", "", "", ()),
            ("''.join('\\\\x%02X'%b for b in B)", "", "", ()),
            ("html.escape(V)", "", "", ()),
            ("html.escape(V,quote=False)", "", "", ()),
            ("html.escape(V,False).encode('ascii','xmlcharrefreplace').decode()", "", "", ()),
            ("escape(V)", "", "", ()),
            ("quoteattr(V+chr(39)+chr(34))[1:-8]", "", "", ()),
            ("(lambda e:[setattr(e,'text',V),ET.tostring(e).decode()][1])(ET.Element('e'))", "<e>", "</e>", ()),
            ("ET.tostring(ET.Element('e',a=V)).decode()", '<e a="', '" />', ()),
            ("__import__('yaml').dump(V,width=9999,default_style=chr(34)).strip()", '"', '"', ()),
            ("html.escape(V).encode('ascii','xmlcharrefreplace').decode()", "", "", ()),
            ("' '.join('0x%02x'%b for b in B)", "", "", LONG),
            ("','.join('0x%02x'%b for b in B)", "", "", LONG),
            ("', '.join('0X%02X'%b for b in B)", "", "", LONG),
            ("shlex.quote(V+' ')[1:-2]", "", "", ()),
            ("(lambda o:csv.writer(o,quoting=csv.QUOTE_ALL,lineterminator='').writerow([V]) and o.getvalue())(io.StringIO())", '"', '"', ()),
        ]
    ),
    ("python3", PYTHON_BYTES % "V.encode('utf-16-le').strip(b'\\0')", "", "", ()),
    ("python3", PYTHON_BYTES % "V.encode('utf-16-be').strip(b'\\0')", "", "", ()),
    *(
        ("node", NODE % ask, before, after + "\n", without)
        for ask, before, after, without in [
            ("JSON.stringify(V)", '"', '"', ()),
            ("JSON.stringify(JSON.stringify(V))", '"\\"', '\\""', ()),
            ("encodeURIComponent(V)", "", "", ()),
            ("encodeURI(V)", "", "", ()),
            ("encodeURIComponent(encodeURIComponent(V))", "", "", ()),
            ("new URLSearchParams({v:V}).toString()", "v=", "", ()),
            ("Object.assign(new URL('https://u@h/'),{password:V}).href", "https://u:", "@h/", ()),
            ("util.inspect(V).slice(1,-1)", "", "", ("lines",)),
            ("util.inspect(V+'\"`\\'').slice(1,-5)", "", "", ("lines",)),
            ("B.toString('hex')", "", "", ()),
            ("B.toString('base64')", "", "", ()),
            ("B.toString('base64url')", "", "", ()),
            ("Buffer.from(B.toString('base64')).toString('base64')", "", "", ()),
        ]
    ),
    *(
        ("go", ask, before, after + "\n", without)
        for ask, before, after, without in [
            ('fmt.Sprintf("%q", V)', '"', '"', ()),
            ('fmt.Sprintf("%+q", V)', '"', '"', ()),
            ('fmt.Sprintf("%x", V)', "", "", ()),
            ('fmt.Sprintf("% X", V)', "", "", ()),
            ('fmt.Sprintf("%# x", V)', "", "", LONG),
            ('fmt.Sprintf("%# X", V)', "", "", LONG),
            ('(&url.URL{Path: "/" + V}).String()', "/", "", ()),
            ('(&url.URL{Fragment: V}).String()', "#", "", ()),
            ('template.JSEscapeString(V)', "", "", ()),
            ('fmt.Sprintf("%#v", []byte(V))', "[]byte{", "}", ()),
            ("url.QueryEscape(V)", "", "", ()),
            ("url.PathEscape(V)", "", "", ()),
            ('url.UserPassword("u", V).String()', "u:", "", ()),
            ("url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(V)))", "", "", ()),
            ("marshal(V)", '"', '"', ()),
            ("html.EscapeString(V)", "", "", ()),
            ("xmlText(V)", "", "", ("control",)),
            ("base64.RawStdEncoding.EncodeToString([]byte(V))", "", "", ()),
        ]
    ),
    *(
        ("php", f"$V=getenv('V');echo {ask};", before, after, without)
        for ask, before, after, without in [
            ("json_encode($V)", '"', '"', ()),
            ("json_encode($V,JSON_UNESCAPED_SLASHES|JSON_UNESCAPED_UNICODE)", '"', '"', ()),
            ("rawurlencode($V)", "", "", ()),
            ("urlencode($V)", "", "", ()),
            ("htmlspecialchars($V)", "", "", ()),
            ("htmlspecialchars($V,ENT_COMPAT)", "", "", ()),
            ("htmlentities($V,ENT_COMPAT)", "", "", ("beyond ASCII",)),
            ("addslashes($V)", "", "", ()),
            ("var_export($V,true)", "'", "'", ()),
            ("bin2hex($V)", "", "", ()),
            ("escapeshellarg($V)", "'", "'", ()),
        ]
    ),
    *(
        ("ruby", f"require 'cgi';require 'erb';require 'json';require 'shellwords';require 'uri';V=ENV['V'];print({ask})", before, after, without)
        for ask, before, after, without in [
            ("V.inspect", '"', '"', ()),
            ("V.dump", '"', '"', ()),
            ("V.b.inspect", '"', '"', ()),
            ("V.b.dump", '"', '"', ()),
            ("V.to_json", '"', '"', ()),
            ("V.shellescape", "", "", ()),
            ("CGI.escape(V)", "", "", ()),
            ("URI.encode_www_form_component(V)", "", "", ()),
            ("ERB::Util.url_encode(V)", "", "", ()),
            ("CGI.escapeHTML(V)", "", "", ()),
            ("V.unpack1('H*')", "", "", ()),
        ]
    ),
    *(
        ("perl", ask, before, after, without)
        for ask, before, after, without in [
            ("use JSON::PP;print JSON::PP->new->allow_nonref->encode($ENV{V})", '"', '"', ("beyond ASCII",)),
            ("use Data::Dumper;$Data::Dumper::Terse=1;print Dumper($ENV{V})", "'", "'\n", ()),
            ("use MIME::Base64;print encode_base64($ENV{V},'')", "", "", ()),
            ("print unpack('H*',$ENV{V})", "", "", ()),
            ("print join ':',unpack('(H2)*',$ENV{V})", "", "", ()),
        ]
    ),
    *(
        ("jq", ask, before, after + "\n", without)
        for ask, before, after, without in [
            ("env.V|@uri", "", "", ()),
            ("env.V|@base64", "", "", ()),
            ("env.V|@html", "", "", ()),
            ("env.V|@json", '"', '"', ()),
            ("env.V|tojson|tojson", '"\\"', '\\""', ()),
            ("env.V|@sh", "'", "'", ()),
            ("[env.V]|@csv", '"', '"', ()),
            ("env.V|@uri|@uri", "", "", ()),
        ]
    ),
    *(
        ("rustc", ask, before, after + "\n", without)
        for ask, before, after, without in [
            ('format!("{:?}", v)', '"', '"', ()),
            ("v.escape_default().to_string()", "", "", ()),
        ]
    ),
    *(
        (tool, ask, before, after, without)
        for tool, ask, before, after, without in [
            ("zsh", 'print -rn -- "${(q)V}"', "", "", ("password", "insertions", "lines", "control")),
            ("zsh", 'print -rn -- "${(qq)V}"', "'", "'", ()),
            ("zsh", 'print -rn -- "${(qqq)V}"', '"', '"', ("password",)),
            ("zsh", 'print -rn -- "${(qqqq)V}"', "$'", "'", ("password", "insertions")),
            ("curl", "curl -s -o /dev/null -w '%{url_effective}' -G --data-urlencode \"v=$V\" http://127.0.0.1:9/ || :", "http://127.0.0.1:9/?v=", "", ()),
            ("openssl", 'printf %s "$V" | openssl base64 -A', "", "", ()),
            ("openssl", 'printf %s "$V" | openssl base64', "", "\n", ()),
            ("base64", 'printf %s "$V" | base64', "", "\n", ()),
            ("base64", 'echo "$V" | base64 -w 0', "", "", ()),
            ("base64", 'printf %s "$V" | base64 -w 0 | base64 -w 0', "", "", ()),
            ("basenc", 'printf %s "$V" | basenc --base64url -w 0', "", "", ()),
            ("basenc", 'printf %s "$V" | basenc --base16 -w 0', "", "", ()),
            ("xxd", 'printf %s "$V" | xxd -p', "", "\n", ()),
            ("xxd", 'printf %s "$V" | xxd -p -u', "", "\n", ()),
            ("od", 'printf %s "$V" | od -v -An -tx1', " ", "\n", ("lines",)),
            ("od", "printf %s \"$V\" | od -v -An -tx1 | tr -d ' \\n'", "", "", ()),
            ("hexdump", "printf %s \"$V\" | hexdump -v -e '16/1 \"%02x \" \"\\n\"'", "", " \n", ("lines",)),
        ]
    ),
]

GO = """package main
import ("bytes";"encoding/base64";"encoding/json";"encoding/xml";"fmt";"html";"net/url";"os";"text/template")
func marshal(v string) string { b, _ := json.Marshal(v); return string(b) }
func xmlText(v string) string { var b bytes.Buffer; xml.EscapeText(&b, []byte(v)); return b.String() }
var _ = []any{base64.StdEncoding, html.EscapeString, url.QueryEscape, template.JSEscapeString}
func main() { V := os.Getenv("V"); fmt.Println(%s) }
"""

RUST = 'fn main() { let v = std::env::var("V").unwrap(); println!("{}", %s); }'


def command(tool, ask, folder):
    """The command line, and a program to build before it, if any."""
    if tool in ("python3", "ruby", "node", "php", "perl"):
        return [tool, "-r" if tool == "php" else "-c" if tool == "python3" else "-e", ask]
    if tool == "jq":
        return ["jq", "-rn", ask]
    if tool == "go":
        Path(folder, "main.go").write_text(GO % ask)
        return ["go", "run", str(Path(folder, "main.go"))]
    if tool == "rustc":
        source, program = Path(folder, "main.rs"), Path(folder, "main")
        source.write_text(RUST % ask)
        subprocess.run(["rustc", "-o", program, source], check=True)
        return [str(program)]
    return ["zsh" if tool == "zsh" else "bash", "-c", ask]


def version(tool):
    asked = VERSIONS.get(tool, f"{tool} --version")
    return subprocess.run(asked, shell=True, check=True, capture_output=True, text=True).stdout.splitlines()[0].strip()


def main():
    records = []
    versions = {}
    for tool, ask, before, after, without in ENCODERS:
        versions.setdefault(tool, version(tool))
        with tempfile.TemporaryDirectory() as folder:
            line = command(tool, ask, folder)
            for name, value in VALUES.items():
                if name in without:
                    continue
                environment = {**os.environ, "V": value, "LC_ALL": "C.UTF-8"}
                run = subprocess.run(line, env=environment, check=True, capture_output=True)
                records.append(
                    {
                        "tool": tool,
                        "command": ask,
                        "value": value.encode().decode("latin-1"),
                        "printed": run.stdout.decode("latin-1"),
                        "before": before,
                        "after": after,
                    }
                )
    lines = ",\n".join("    " + json.dumps(record) for record in records)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    named = ",\n".join(f"    {json.dumps(tool)}: {json.dumps(name)}" for tool, name in versions.items())
    TARGET.write_text('{\n  "versions": {\n%s\n  },\n  "encoded": [\n%s\n  ]\n}\n' % (named, lines))
    print(f"{len(records)} records of {len(versions)} tools", file=sys.stderr)


if __name__ == "__main__":
    main()
