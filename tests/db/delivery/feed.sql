-- The feed: what dispatch records of a change, for whom, and what it leaves out.

begin;
select plan(13);

create temporary view feed as
select
    e.id, c.name, e.operation, e.new, e.old, e.changed, e.is_cut, e.event,
    case e.tenant_id
        when tests.id('supplier', 'Bloom') then 'Bloom'
        when tests.id('supplier', 'Petal') then 'Petal'
        else e.tenant_id::text
    end as tenant
from wedsync_realtime.events as e
inner join wedsync_realtime.channels as c on e.channel_id = c.id
where e.id > current_setting('tests.from', true)::bigint;

-- What follows is all that feed shows.
create function pg_temp.anew()
    returns text
    language sql
as $$
    select set_config(
        'tests.from',
        coalesce((select max(e.id) from wedsync_realtime.events as e), 0)::text, true
    )
$$;
select pg_temp.anew();

-- Cold and hot

insert into public.form_responses (supplier_id) values (tests.supplier('Bloom'));
select is_empty('select from feed', 'dispatch: a cold topic records nothing');
delete from public.form_responses;
insert into wedsync_realtime.topics (channel_id, tenant_id)
select c.id, t.tenant_id
from wedsync_realtime.channels as c
cross join (values (tests.supplier('Bloom')), (tests.supplier('Petal'))) as t (tenant_id)
where c.name = 'form-responses';
insert into public.form_responses (id, supplier_id, form_name, status)
values
    (tests.id('form', '1'), tests.supplier('Bloom'), 'one', 'draft'),
    (tests.id('form', '2'), tests.supplier('Petal'), 'two', 'draft'),
    (tests.id('form', '3'), tests.supplier('Nobody'), 'three', 'draft');
insert into public.journey_progress (supplier_id) values (tests.supplier('Bloom'));
select results_eq(
    $$ select tenant, new ->> 'form_name' from feed order by id $$,
    $$ values ('Bloom', 'one'), ('Petal', 'two') $$,
    'dispatch: one statement records each row for its own tenant, and only hot ones'
);

-- Updates

select pg_temp.anew();
update public.form_responses set status = status;
update public.form_responses set status = 'draft', form_name = form_name;
update public.form_responses set status = 'sent'
where false;
select is_empty('select from feed', 'dispatch: an update that changes nothing is silent');
update public.form_responses set status = 'sent', submitted_at = now();
select results_eq(
    $$
        select tenant, operation::text, old ->> 'status', new ->> 'status', changed
        from feed order by tenant
    $$,
    $$
        values
            ('Bloom', 'U', 'draft', 'sent', '{status,submitted_at}'::text[]),
            ('Petal', 'U', 'draft', 'sent', '{status,submitted_at}')
    $$,
    'dispatch: an update of many rows pairs each with its own row before'
);

-- Tenant and key

select pg_temp.anew();
update public.form_responses set supplier_id = tests.supplier('Petal'), form_name = 'secret'
where id = tests.id('form', '1');
select results_eq(
    $$ select tenant, operation::text, old ->> 'id', new ->> 'id' from feed order by tenant $$,
    $$
        values
            ('Bloom', 'D', tests.id('form', '1')::text, null),
            ('Petal', 'I', null, tests.id('form', '1')::text)
    $$,
    'dispatch: a row that moves is a delete for one tenant and an insert for the other'
);
select is_empty(
    $$
        select f.* from feed as f
        where f.tenant = 'Bloom' and f::text ~ ('secret|' || tests.supplier('Petal'))
    $$,
    'dispatch: the old tenant of a row that moves learns nothing of the new'
);
select is_empty(
    $$
        select f.* from feed as f
        where f.tenant = 'Petal' and f::text ~ tests.supplier('Bloom')::text
    $$,
    'dispatch: the new tenant of a row that moves learns nothing of the old'
);
select pg_temp.anew();
update public.form_responses set supplier_id = case supplier_id
    when tests.supplier('Petal') then tests.supplier('Nobody') else tests.supplier('Petal')
end
where id in (tests.id('form', '2'), tests.id('form', '3'));
select results_eq(
    $$ select tenant, operation::text from feed order by operation::text $$,
    $$ values ('Petal', 'D'), ('Petal', 'I') $$,
    'dispatch: what leaves for nobody is a delete, what comes from nobody an insert'
);
select pg_temp.anew();
update public.form_responses set id = tests.id('form', '9')
where id = tests.id('form', '1');
select results_eq(
    $$ select tenant, operation::text, old ->> 'id', new ->> 'id' from feed order by 2 $$,
    $$
        values
            ('Petal', 'D', tests.id('form', '1')::text, null),
            ('Petal', 'I', null, tests.id('form', '9')::text)
    $$,
    'dispatch: a changed key is a delete and an insert'
);
select pg_temp.anew();
delete from public.form_responses
where id = tests.id('form', '9');
select results_eq(
    $$ select operation::text, old ->> 'form_name', new from feed $$,
    $$ values ('D', 'secret', null::jsonb) $$,
    'dispatch: a delete carries the row as it was'
);
alter table public.form_responses alter column supplier_id drop not null;
select lives_ok(
    $$ insert into public.form_responses (form_name) values ('nobody''s') $$,
    'dispatch: a row without a tenant does not fail'
);
select pg_temp.anew();
update public.form_responses set supplier_id = tests.supplier('Bloom')
where supplier_id is null;
select results_eq(
    $$ select tenant, operation::text from feed $$, $$ values ('Bloom', 'I') $$,
    'dispatch: a row that gets its tenant is an insert'
);

-- Other statements

select pg_temp.anew();
insert into public.form_responses (id, supplier_id, form_name)
values
    (tests.id('form', '2'), tests.supplier('Bloom'), 'upserted'),
    (tests.id('form', '4'), tests.supplier('Bloom'), 'upserted')
on conflict (id) do update set form_name = excluded.form_name, supplier_id = excluded.supplier_id;
select results_eq(
    $$ select tenant, operation::text, new ->> 'id' from feed order by 1, 2, 3 $$,
    $$
        select * from (values
            ('Bloom', 'I', tests.id('form', '2')::text), ('Bloom', 'I', tests.id('form', '4')::text)
        ) as v (tenant, operation, id)
        order by 1, 2, 3
    $$,
    'dispatch: an upsert records what it inserted and what it updated'
);

select * from finish();
rollback;
