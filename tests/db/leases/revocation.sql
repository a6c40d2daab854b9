-- Revocation: what a lease rested on goes, and the lease ends in the same transaction, on record.

begin;
select plan(18);

update wedsync_realtime.settings set subscribe_burst = 1000;
create temporary table heard (name text, who uuid, channel text, filters jsonb);
insert into heard
select v.name, v.who, v.channel, v.filters
from (
    values
        ('Bloom', 'form-responses', tests.supplier('Bloom')),
        ('Bloom', 'couple-profile', tests.couple('Ann and Bob')),
        ('Bloom', 'wedding-details', tests.couple('Ann and Bob')),
        ('Petal', 'couple-profile', tests.couple('Ann and Bob')),
        ('Couple', 'couple-profile', tests.couple('Ann and Bob'))
) as h (name, channel, tenant)
cross join lateral (values (
    h.name, h.channel,
    case h.name
        when 'Couple' then tests.couple_user(h.tenant)
        else tests.supplier_user(tests.supplier(h.name))
    end,
    jsonb_build_object('supplier_id', h.tenant, 'couple_id', h.tenant, 'wedding_id', h.tenant)
)) as v (name, channel, who, filters);
grant select on heard to authenticated;

-- Profiles, links and leases as at first; what the audit gets from now on is the scene's.
create function pg_temp.scene()
    returns void
    language plpgsql
as $$
declare
    v_heard heard;
    v_answer jsonb;
begin
    delete from public.realtime_subscriptions;
    delete from public.user_profiles;
    delete from public.clients;
    perform tests.supplier_user(tests.supplier('Bloom'));
    perform tests.supplier_user(tests.supplier('Petal'));
    perform tests.couple_user(tests.couple('Ann and Bob'));
    perform tests.link(tests.supplier('Bloom'), tests.couple('Ann and Bob'));
    perform tests.link(tests.supplier('Petal'), tests.couple('Ann and Bob'));
    for v_heard in select h.* from heard as h loop
        perform tests.become_user(v_heard.who);
        v_answer := public.realtime_subscribe(array[v_heard.channel], v_heard.filters);
        perform tests.become_superuser();
        assert (v_answer ->> 'success')::boolean, v_answer;
    end loop;
    perform set_config('tests.scene', clock_timestamp()::text, true);
end
$$;

create function pg_temp.ended()
    returns text[]
    language sql
as $$
    select array_agg(format('%s %s', h.name, h.channel) order by h.name, h.channel)
    from heard as h
    where not exists (
        select from public.realtime_subscriptions as s
        where s.user_id = h.who and s.channel_name = h.channel
    )
$$;

create function pg_temp.recorded()
    returns table (event_type text, reason text, who text, ended bigint)
    language sql
as $$
    select
        l.event_type, l.payload ->> 'reason',
        (select min(h.name) from heard as h where h.who = l.user_id), count(*)
    from public.realtime_activity_logs as l
    where l."timestamp" > current_setting('tests.scene')::timestamptz
    group by 1, 2, 3
    order by 1, 2, 3
$$;

-- The profile
select pg_temp.scene();
select is(pg_temp.ended(), null, 'realtime_subscribe: everybody may hear at first');
update public.user_profiles set supplier_id = tests.supplier('Other')
where supplier_id = tests.supplier('Bloom');
select is(
    pg_temp.ended(), '{Bloom couple-profile,Bloom form-responses,Bloom wedding-details}',
    'user_profiles: a user who changes supplier loses all leases, and nobody else does'
);
select results_eq(
    'select * from pg_temp.recorded()',
    $$ values ('revoked', 'profile changed', 'Bloom', 3::bigint) $$,
    'user_profiles: a change of supplier stands in the audit'
);
select pg_temp.scene();
update public.user_profiles set user_type = 'couple'
where supplier_id = tests.supplier('Petal');
select is(
    pg_temp.ended(), '{Petal couple-profile}',
    'user_profiles: a user who changes side loses all leases'
);
select pg_temp.scene();
update public.user_profiles set created_at = now() - interval '1 day', supplier_id = supplier_id;
select is(pg_temp.ended(), null, 'user_profiles: another change of a profile ends nothing');
select pg_temp.scene();
delete from public.user_profiles
where couple_id = tests.couple('Ann and Bob');
select is(
    pg_temp.ended(), '{Couple couple-profile}',
    'user_profiles: a user without a profile loses all leases'
);
select results_eq(
    'select * from pg_temp.recorded()',
    $$ values ('revoked', 'profile deleted', 'Couple', 1::bigint) $$,
    'user_profiles: a deleted profile stands in the audit'
);

-- The link between supplier and couple
select pg_temp.scene();
delete from public.clients
where supplier_id = tests.supplier('Bloom');
select is(
    pg_temp.ended(), '{Bloom couple-profile,Bloom wedding-details}',
    'clients: with the link go the leases on the couple, and no others'
);
select results_eq(
    'select * from pg_temp.recorded()',
    $$ values ('revoked', 'client link gone', 'Bloom', 2::bigint) $$,
    'clients: a deleted link stands in the audit'
);
select pg_temp.scene();
update public.clients set couple_id = tests.couple('Cy and Di')
where supplier_id = tests.supplier('Petal');
select is(
    pg_temp.ended(), '{Petal couple-profile}',
    'clients: a link that moves to another couple takes the leases with it'
);
select pg_temp.scene();
update public.clients set supplier_id = tests.supplier('Other')
where supplier_id = tests.supplier('Petal');
select is(
    pg_temp.ended(), '{Petal couple-profile}',
    'clients: a link that moves to another supplier is gone for the first'
);
select pg_temp.scene();
insert into public.clients (supplier_id, couple_id)
values (tests.supplier('Petal'), tests.couple('Ann and Bob'));
delete from public.clients
where id = tests.id('link', tests.supplier('Petal') || ' ' || tests.couple('Ann and Bob'));
select is(pg_temp.ended(), null, 'clients: while a second link stands, nothing ends');
select pg_temp.scene();
update public.clients set couple_id = case supplier_id
    when tests.supplier('Petal') then tests.couple('Cy and Di') else couple_id
end, supplier_id = tests.supplier('Petal');
select is(
    pg_temp.ended(), '{Bloom couple-profile,Bloom wedding-details}',
    'clients: a link replaced by another row in the same statement still holds'
);

-- The user, the row, the channel
select pg_temp.scene();
delete from auth.users
where id = tests.supplier_user(tests.supplier('Bloom'));
select is(
    pg_temp.ended(), '{Bloom couple-profile,Bloom form-responses,Bloom wedding-details}',
    'auth.users: with the user go all leases'
);
select results_eq(
    'select event_type, who, ended from pg_temp.recorded()',
    $$ values ('revoked', null::text, 3::bigint) $$,
    'auth.users: the audit row of a deleted user names no user'
);
select pg_temp.scene();
delete from public.realtime_subscriptions
where channel_name = 'form-responses';
select results_eq(
    'select * from pg_temp.recorded()',
    $$ values ('deleted', ('by ' || session_user) collate "default", 'Bloom', 1::bigint) $$,
    'realtime_subscriptions: a row deleted by hand stands in the audit'
);
select pg_temp.scene();
update wedsync_realtime.channels set is_enabled = false
where name = 'form-responses';
select is(
    pg_temp.ended(), '{Bloom form-responses}', 'channels: with a disabled channel go its leases'
);
select is_empty(
    $$
        select t.tenant_id
        from wedsync_realtime.tenants as t
        where t.subscriptions <> (
            select count(*) from public.realtime_subscriptions as s
            where s.tenant_id = t.tenant_id
        )
    $$,
    'tenants: after all of it the counters are the number of leases'
);

select * from finish();
rollback;
