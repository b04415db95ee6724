"""The look of a page: calm, readable on a phone, in the dark and on paper."""

from __future__ import annotations

# The colours keep apart for the colour-blind (Okabe and Ito) and reach 3:1 against both grounds;
# no value is told by colour alone.
STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d8dee4;--ground:#fff;
--panel:#f6f8fa;--s0:#0072b2;--s1:#c85a00;--s2:#7a7f87;--s3:#008a63;--bad:#b42318;--warn:#8a5a00;--good:#067647}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9ea7b3;--line:#30363d;
--ground:#0d1117;--panel:#161b22;--s0:#4ea3dc;--s1:#e98a3c;--s2:#8b949e;--s3:#2fb98e;--bad:#ff8f87;--warn:#e3b341;--good:#4ac08b}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem clamp(1rem,4vw,3rem) 3rem;max-width:64rem;
background:var(--ground);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
overflow-wrap:anywhere}
h1{font-size:1.7rem;line-height:1.2;margin:.5rem 0 0}
h2{font-size:1.15rem;margin:2.5rem 0 .5rem;padding-top:1rem;border-top:1px solid var(--line)}
header p,footer,.note,small,figcaption,caption{color:var(--soft)}
header p{margin:.3rem 0 1.5rem}
footer{margin-top:3rem;font-size:.85rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.75rem}
.tile{background:var(--panel);border:1px solid var(--line);border-radius:.5rem;padding:.8rem 1rem}
.tile b{display:block;font-size:1.35rem;line-height:1.3;white-space:nowrap;
font-variant-numeric:tabular-nums}
.tile span{display:block;font-weight:600;font-size:.9rem;line-height:1.3}
.tile small{display:block;font-size:.8rem}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));
gap:1.5rem 2.5rem;margin:1rem 0 1.5rem}
figure{margin:0;min-width:0}
figcaption{font-size:.9rem;margin-bottom:.4rem}
figcaption b,caption{font-weight:600;color:var(--ink)}
figcaption b{display:block}
.key{display:inline-block;white-space:nowrap;margin-right:.9rem}
.key i{display:inline-block;width:.8em;height:.8em;margin-right:.35em;border-radius:2px}
.bars{list-style:none;margin:0;padding:0}
.bars li{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 1rem;margin-bottom:.55rem;
font-size:.85rem;line-height:1.5;font-variant-numeric:tabular-nums;break-inside:avoid}
.bars span:first-child{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.bars span+span{color:var(--soft)}
.bars svg{grid-column:1/-1}
.plot{display:flex}
.plot svg{flex:none}
.plot svg[role]{flex:1 1 0;min-width:0}
svg{display:block;font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
font-variant-numeric:tabular-nums;overflow:visible}
svg text{fill:var(--ink)}
svg text.q{fill:var(--soft)}
svg line{stroke:var(--line)}
svg path{fill:none;stroke-width:2}
rect.g{fill:var(--panel)}
rect.s0,circle.s0{fill:var(--s0)}rect.s1,circle.s1{fill:var(--s1)}
rect.s2,circle.s2{fill:var(--s2)}rect.s3,circle.s3{fill:var(--s3)}
i.s0{background:var(--s0)}i.s1{background:var(--s1)}i.s2{background:var(--s2)}
i.s3{background:var(--s3)}
.l0{stroke:var(--s0)}.l1{stroke:var(--s1);stroke-dasharray:6 3}
.l2{stroke:var(--s2);stroke-dasharray:2 3}.l3{stroke:var(--s3);stroke-dasharray:10 3 2 3}
.scroll{overflow-x:auto;margin:1.25rem 0}
table{border-collapse:separate;border-spacing:0;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-size:.9rem;padding-bottom:.4rem}
th,td{padding:.4rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;
overflow-wrap:normal}
th:first-child{padding-left:0;position:sticky;left:0;background:var(--ground);
background-clip:padding-box}
th{font-weight:600}
thead th{color:var(--soft);vertical-align:bottom}
tr.sum th,tr.sum td{font-weight:700;border-top:2px solid var(--line)}
.n{text-align:right;white-space:nowrap}
.d{white-space:nowrap}
thead .n{white-space:normal;min-width:4.6rem}
th.t,td.t{min-width:5rem;max-width:22rem;overflow-wrap:anywhere}
.bad,.problem{color:var(--bad);font-weight:600}.warn{color:var(--warn);font-weight:600}
.good{color:var(--good)}
.problem{border:2px solid;border-radius:.5rem;padding:.6rem 1rem;margin:0 0 1rem}
.p.p{min-width:16rem}
.empty{color:var(--soft);text-align:left}
@media (max-width:54rem){.tile:first-child:nth-last-child(5){grid-column:1/-1}}
@media (max-width:40rem){.w{display:none}th,td{padding:.4rem .45rem}table{font-size:.85rem}
.tile:first-child:nth-last-child(odd){grid-column:1/-1}}
@media print{:root{color-scheme:light;font-size:70%}body{max-width:none;padding:0;font-size:1rem}
.tiles{grid-template-columns:none;grid-auto-flow:column;grid-auto-columns:minmax(0,1fr)}
.tile.tile{grid-column:auto;padding:.5rem .7rem}
.scroll{overflow:visible}table{font-size:.82rem}th,td{padding:.25rem .35rem}
svg{font-size:10px}
th:first-child{position:static}
thead{display:table-header-group}tr,figure,.tile{break-inside:avoid}
h2,caption{break-after:avoid}*{print-color-adjust:exact}@page{size:A4;margin:15mm}}
"""
