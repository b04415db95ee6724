"""Texts as people write them to a support desk, none of them HTML: one a line."""

from __future__ import annotations

# Stored exactly as typed.
AS_TYPED = r"""
#include <stdio.h> fails
#include <sys/types.h>
#include <boost/asio.hpp> and <vector>
import java.util.List<String>;
List<String> names = new ArrayList<>();
Map<String, List<Integer>> m = new HashMap<>();
Optional<T> find(Class<T> type)
std::vector<int> v; std::map<std::string, int> m;
std::unique_ptr<Foo<Bar>> p;
template<typename T> T max(T a, T b)
fn parse<T: FromStr>(s: &str) -> Result<T, T::Err>
let x = "5".parse::<u32>()?;
Vec<Option<Box<dyn Fn(u8) -> u8>>>
public Task<IActionResult> Get(int id)
IEnumerable<Order> orders = db.Orders.Where(o => o.Total > 500);
Dictionary<string, object> d = new();
const xs: Array<number> = [1, 2, 3];
function id<T>(x: T): T { return x; }
Promise<Response> never resolves
useState<Order | null>(null)
List<A> x
Pair<A, B> p = new Pair<>(a, b);
Foo<I> foo; Bar<U> bar;
if (x<y && y>z) return;
Map<Time, Address> m;
for(i=0;i<10;++i){a[i]=i>5?1:0;}
while (a<b) a++;
if a <b then stop
if a<b and c>d then stop
return x<0?-1:x>0?1:0;
SELECT * FROM t WHERE a<5 AND b>3
SELECT * FROM orders WHERE total <> 0
SELECT id FROM t WHERE created_at<'2025-01-01'
grep -c '<order>' export.xml
cat < input.txt > output.txt
sort <a.txt >b.txt
mysql shop <dump.sql
cmd 2>&1 </dev/null
tar xzf - <<EOF
python3 - <<'PY'
diff <(sort a) <(sort b)
x << 2 | y >> 3
a <- c(1, 2, 3)
x <= y and y >= z
x <=> y
a -> b <- c
<-- this line here
==> see above <==
if [ $a -lt 5 ]; then echo "<5"; fi
^<[A-Z]+>$ does not match
s/<foo>/<bar>/g
printf("<%s>\n", name);
echo "<?"
1 < 2
2 > 1
1 < 2 > 0
AT&T
AT&T < Verizon
Tom & Jerry <3
I <3 this shop
we <33 you
5<x<10
math: 5<x<10, y>3
p<0.05 was significant
x<y
a<b
a<b<c<d
i<j>k
0<p<1 and 0<q<1
-5 < t < +5
price <100 EUR
price < 100 EUR
only <50 pieces left
between >100 and <200
from <10 to >20
<10 and >5
< 10
<= 5 pieces
100 < 200 < 300
10 € < 20 €
weight<2kg
battery <20%
<20% left
delivery in <24h
delivery in <24h, please
ping <1ms
size <XL
temperature <0 °C
press <Enter> then <Ctrl>+<C>
press <Ctrl>+<Alt>+<Entf>
<Strg>+<F5> does not help
<F1> opens the help
<Esc><Esc>:wq<Enter>
<TAB><TAB> completes
<Shift>-<Einfg>
the password is <abced
my password: p<ss>w0rd
Pa<ss"w'ord
token <redacted>
see C:\<folder>\<file name>.txt
C:\Users\<user>\AppData
/home/<user>/.config
./run.sh -U <id> <file>
usage: cp <from> <to>
usage: git checkout <branch>
docker run <name of image>
ssh <user>@<host>
http://<server>:8080/
scp file <host>:
<insert name here> please
Dear <first name> <last name>,
Dear <Mr. or Mrs.> Miller
Hello <Kundenname>, ...
Bonjour <prénom>,
<your order number>
Order <ORDER_NO> of <CUSTOMER_NAME>
order <4711>
order number <12345-67> is late
<unknown>
<none>
<null>
<undefined>
<NaN>
<empty>
<deleted>
<removed by moderator>
<no subject>
<see attachment>
<snip>
<sigh>
<grin>
<g>
<rant>this is too slow</rant>
<irony>great service</irony>
</rant>
</sarcasm>
<joke> ... </joke>
<<< urgent >>>
<<important>>
<- back | next ->
<---->
>>> quoted
> > quoted twice
>> <quoted>
:-< sad
<:-)
>:-(
<o>
<o/
\o> <o/
<(^_^)>
<°))))><
><(((º>
Anna Muster <anna@example.org> wrote:
<a@b.c>
On Mon <bob@shop.example> wrote:
From: "Shop" <no-reply@shop.example>
To: <a@x.example>, <b@y.example>
Message-ID: <CAF+123=xyz@mail.example>
In-Reply-To: <20250101.abc@host>
References: <1@a> <2@b>
mailto <mailto:help@shop.example>
<p/q@x.example>
<i.b@s.example>
see <https://shop.example/orders/4711>
see <http://shop.example>
track <https://shop.example/track?id=5&lang=de>
<https://shop.example/a/b/c#top>
<ftp://files.shop.example/x.zip>
<www.shop.example>
<config><port>8080</port></config>
<order><id>4711</id><total>19.99</total></order>
<?xml version="1.0"?>
<Files> Require all denied </Files>
<root/>
<root><child/></root>
<soap:Envelope><soap:Body/></soap:Envelope>
<xs:schema>
<dependency><groupId>org.x</groupId></dependency>
<PackageReference>
error: expected '<', got '>'
NullPointerException at <init>
at Foo.<clinit>(Foo.java:3)
at <anonymous>:1:1
at async Promise.all (index 0) <internal>
<stdin>:1: error
File "<string>", line 1, in <module>
TypeError: <lambda>() takes 1 argument
<built-in function len>
<__main__.Foo object at 0x7f>
<class 'int'>
lambda <locals>
<nil>
&lt;b&gt; is how to write it
&amp; is an ampersand
&nbsp; shows up in my invoice
a &copy b
10 &lt 20
<!-- is a comment -->
<!important>
<% if x %>
{{ name }} <{{ tag }}>
${x<y}
<$name>
<@user>
<#channel>
<:emoji:123>
<=3
</3
I </3 you
<
<<
>
<>
</>
< b >
<1>
<ä>
<été>
<日本語>
<b
<p
x <i
"""

# `&lt;` stands for a `<` that a page could take for a tag; nothing else is changed.
ESCAPED = r"""
press <Del> or <Ins>
enter the <code> and the <title>
cp <source> <target>
usage: savctl <command> <option>
the <select> box is empty
<button> does nothing
my <address> is wrong
<time> and <data>
cp <input> <output>
what is the <label>?
x <input
a <select
open the <object>
<link> is broken
<img> is missing
<map> and <area>
<kbd> and <samp>
List<Object> o; Set<Data> d;
for (i=0; i<n; i++) sum += i;
Foo<Button> b;
<item id="5">7</item>
<user name='x'/>
<SaveButton onClick={save}>Save</SaveButton>
<MyView v-if="x">y</MyView>
<Enter onmouseover=alert(1)>
<x onclick=alert(1)>click
<a1 style="position:fixed">
if i<b and x=5 or y>3
<add key="a" value="b" />
<bean id=x class=y>
<https://evil.example/onclick=alert(1)>
<x y="unclosed
the <script
Use the <style> tag
<!-- never closed
"""


def texts(block: str) -> list[str]:
    """The texts of a block, each once."""
    found = [line for line in block.split("\n") if line]
    assert len(found) == len(set(found))
    return found
