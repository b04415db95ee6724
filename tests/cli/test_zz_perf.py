import time, json, resource
from datetime import timedelta
from savctl.persistence.bulk import insert_rows
from savctl.persistence.tables import support_tickets, sla_alarms, sla_breaches, meta
from savctl.persistence.sla_watch import Watch, write_watch
from savctl.persistence.reads import TicketFilter, list_tickets
from savctl.persistence import reads as R
from sqlalchemy import text
from savctl.usecases.sla_due import due_targets, DueFilter
from savctl.domain.policy import Policies
from savctl.usecases.sla_due import _PAGE
N=200_000
def test_perf(database, clock, cli):
    now=clock()
    f="%Y-%m-%d %H:%M:%S"
    def fill(c):
        for s in range(0,N,2000):
            rows=[];al=[]
            for i in range(s+1,s+2001):
                born=now-timedelta(seconds=i%86000 if i%400 else 86400-7000+ (i//400)%6900)
                md=json.dumps({"history":[{"at":born.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),"actor":None,"action":"created","from":None,"to":"open","reason":None}],"sla":{"promise":{"priority":"low","policy":1,"since":born.strftime("%Y-%m-%dT%H:%M:%SZ")},"breaches":[]}})
                if i%400==0: md=md.replace('"low"','"medium"')
                rows.append((i,f"TKT-{i:08d}",i%999+1,"s","d"*200,"low","open",None,md,born.strftime(f),born.strftime(f)))
                al.append((i,(born+timedelta(hours=24 if i%400==0 else 48,seconds=1)).strftime(f)+".000000",born.strftime(f)+".000000"))
            insert_rows(c,support_tickets,("id","ticket_number","user_id","subject","description","priority","status","category","metadata","created_at","updated_at"),rows)
            insert_rows(c,sla_alarms,("ticket_id","looks_at","row_updated_at"),al)
            insert_rows(c,sla_breaches,("ticket_id","side","at","found_at","priority","expected_minutes","actual_minutes"),[(r[0],"response",r[9]+".000000",r[9]+".000000","low",60,61) for r in rows if r[0]%10==0])
        write_watch(c,Watch(whole_at=now,up_to_id=N))
    database.transaction(fill)
    if not database.is_sqlite:
        database.transaction(lambda c: c.exec_driver_sql("ANALYZE TABLE support_tickets, savctl_sla_alarms, savctl_sla_breaches").all())
    out=open("/tmp/perf.txt","a"); out.write(f"--- {database.url.get_backend_name()}\n")
    def t(name,fn,n=3):
        best=9e9
        for _ in range(n):
            a=time.perf_counter(); r=fn(); best=min(best,time.perf_counter()-a)
        out.write(f"{name}: {best*1000:.1f} ms {r}\n")
    t("due 2h limit 51", lambda: len([1 for _,x in zip(range(51),due_targets(database,DueFilter(within=timedelta(hours=2)),now=now,policies=Policies(),limit=51))]))
    t("due 2h all", lambda: len(list(due_targets(database,DueFilter(within=timedelta(hours=2)),now=now,policies=Policies()))))
    t("due 30d limit 51", lambda: len([1 for _,x in zip(range(51),due_targets(database,DueFilter(within=timedelta(days=30)),now=now,policies=Policies(),limit=51))]))
    m0=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    t("due 30d all", lambda: sum(1 for _ in due_targets(database,DueFilter(within=timedelta(days=30)),now=now,policies=Policies())),1)
    out.write(f"rss +{(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss-m0)/1024:.0f} MB\n")
    t("due 2h, agent 5", lambda: len(list(due_targets(database,DueFilter(within=timedelta(hours=2)),now=now,policies=Policies()))))
    # unwatched from 0
    database.transaction(lambda c: c.exec_driver_sql("DELETE FROM savctl_meta WHERE name='sla_watch'"))
    t("due 2h limit 51, no watch", lambda: len([1 for _,x in zip(range(51),due_targets(database,DueFilter(within=timedelta(hours=2)),now=now,policies=Policies(),limit=51))]))
    from savctl.persistence.sla_breaches import list_breaches, BreachFilter
    t("breaches 50", lambda: len(list(list_breaches(database,BreachFilter(),limit=51))))
    deep=list(list_breaches(database,BreachFilter(),limit=10000))[-1]
    t("breaches deep", lambda: len(list(list_breaches(database,BreachFilter(),limit=51,after=(deep.at,deep.ticket_id,deep.side)))))
    t("breaches all", lambda: sum(1 for _ in list_breaches(database,BreachFilter())),1)
    t("ticket list --breached (metadata)", lambda: len(list(list_tickets(database,TicketFilter(is_breached=True)))))
    old=R._is_breached
    R._is_breached=lambda d: text("(EXISTS (SELECT 1 FROM savctl_sla_breaches WHERE ticket_id=support_tickets.id AND at='1999-01-01') OR "+str(old(d))+")")
    t("ticket list --breached (ledger or metadata), none", lambda: len(list(list_tickets(database,TicketFilter(is_breached=True)))))
    R._is_breached=lambda d: text("EXISTS (SELECT 1 FROM savctl_sla_breaches WHERE ticket_id=support_tickets.id AND at='1999-01-01')")
    t("ticket list --breached (ledger only), none", lambda: len(list(list_tickets(database,TicketFilter(is_breached=True)))))
    R._is_breached=old
    if not database.is_sqlite:
        from savctl.persistence.sla_breaches import _query
        with database.reading() as c:
            for q in (_query(BreachFilter(),None).limit(51), _query(BreachFilter(),(deep.at,deep.ticket_id,deep.side)).limit(51)):
                sql=str(q.compile(c,compile_kwargs={"literal_binds":True}))
                for r in c.exec_driver_sql("EXPLAIN "+sql.replace("%","%%")): out.write(str(tuple(r))+"\n")
    out.close()
