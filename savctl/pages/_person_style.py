"""What a person's page adds to the look: conversations, also thousands of them."""

from __future__ import annotations

PERSON_STYLE = """
article{margin:2rem 0;padding-top:.5rem;border-top:1px solid var(--line)}
@media screen{article{content-visibility:auto;contain-intrinsic-size:auto 24rem}}
h3{font-size:1.1rem;line-height:1.3;margin:.75rem 0 0}
.meta{margin:.2rem 0 .8rem;color:var(--soft);font-size:.9rem}
.meta b{color:var(--ink);font-weight:600}
.talk{list-style:none;margin:0;padding:0}
.talk>li{margin:0 0 .6rem;padding:.6rem .9rem;border-radius:.5rem;background:var(--panel);
border:1px solid var(--line);border-left:4px solid var(--s2)}
.talk>.you{border-left-color:var(--s0);margin-right:8%}
.talk>.agent{border-left-color:var(--s3);margin-left:8%}
.talk>.note{border-left-style:dashed;border-left-color:var(--s1);margin-left:8%;color:inherit}
.by{margin:0 0 .2rem;font-size:.82rem;color:var(--soft)}
.by b{color:var(--ink)}
.quoted{white-space:pre-wrap;unicode-bidi:isolate}
.blocks{white-space:normal}
.blocks>:first-child{margin-top:0}.blocks>:last-child{margin-bottom:0}
.quoted pre{white-space:pre-wrap}
.files{list-style:none;margin:.5rem 0 0;padding:0;font-size:.9rem}
.files li{margin:.15rem 0}
.files li::before{content:"\\2193\\00A0";color:var(--soft)}
.gone{color:var(--s1)}
a{color:var(--s0)}
.past{margin:.6rem 0 0;border-left:2px solid var(--line);padding:0 0 0 .8rem;
list-style:none;font-size:.82rem;color:var(--soft)}
.past li{padding-left:1rem;text-indent:-1rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:1rem 0}
dt{color:var(--soft)}dd{margin:0}
td.s,th.s{white-space:nowrap}
.toc td{max-width:none}.toc .subject,.toc th{overflow-wrap:anywhere}
.toc tbody th{white-space:normal;min-width:7.5rem}
@media (max-width:40rem){.tiles{grid-template-columns:1fr 1fr}
.talk>.you{margin-right:0}.talk>.agent,.talk>.note{margin-left:0}
dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}
.toc thead{display:none}.toc,.toc tbody{display:block}
.toc .subject,.toc tbody th{min-width:0}
.toc tr{display:grid;grid-template-columns:minmax(0,1fr) auto;border-bottom:1px solid var(--line);
padding:.4rem 0}
.toc th,.toc td{border:0;padding:.1rem 0}.toc .subject{grid-column:1/-1}}
@media print{html{font-size:70%}body{font-size:1rem}a{color:inherit}
.talk>li{break-inside:avoid-page;background:none}
h3,.meta{break-inside:avoid;break-after:avoid}.past{break-before:avoid}}
"""
