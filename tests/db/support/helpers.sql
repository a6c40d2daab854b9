-- Helpers of the stories: act as somebody; suppliers, couples and users by name.
-- Definer where a helper writes rows, so that a story may ask for one while it acts as a user.
-- The same name always gives the same uuid: a story needs no variables.

create function tests.become(role_name text, claims jsonb)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config('request.jwt.claims', coalesce(become.claims::text, ''), true);
    perform set_config('role', become.role_name, true);
end
$$;

create function tests.become_user(user_id uuid)
    returns void
    language sql
    volatile
begin atomic
    select tests.become(
        'authenticated',
        jsonb_build_object('sub', become_user.user_id, 'role', 'authenticated')
    );
end;

create function tests.become_anonymous()
    returns void
    language sql
    volatile
begin atomic
    select tests.become('anon', '{"role": "anon"}');
end;

create function tests.become_service()
    returns void
    language sql
    volatile
begin atomic
    select tests.become('service_role', '{"role": "service_role"}');
end;

create function tests.become_superuser()
    returns void
    language sql
    volatile
begin atomic
    select tests.become('none', null);
end;

create function tests.id(kind text, name text)
    returns uuid
    language sql
    immutable
begin atomic
    select md5(id.kind || ':' || id.name)::uuid;
end;

create function tests.supplier(name text)
    returns uuid
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into public.suppliers (id, business_name)
    values (tests.id('supplier', supplier.name), supplier.name)
    on conflict do nothing;
    return tests.id('supplier', supplier.name);
end
$$;

create function tests.couple(name text)
    returns uuid
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into public.couples (id, display_name)
    values (tests.id('couple', couple.name), couple.name)
    on conflict do nothing;
    return tests.id('couple', couple.name);
end
$$;

-- Anybody who can sign in, without a profile: a stranger.
create function tests.signed_up(name text)
    returns uuid
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into auth.users (id)
    values (tests.id('user', signed_up.name))
    on conflict do nothing;
    return tests.id('user', signed_up.name);
end
$$;

create function tests.supplier_user(supplier uuid, name text default 'owner')
    returns uuid
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid := tests.signed_up(supplier_user.supplier || ' ' || supplier_user.name);
begin
    insert into public.user_profiles (id, user_type, supplier_id)
    values (v_user_id, 'supplier', supplier_user.supplier)
    on conflict do nothing;
    return v_user_id;
end
$$;

create function tests.couple_user(couple uuid, name text default 'partner')
    returns uuid
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid := tests.signed_up(couple_user.couple || ' ' || couple_user.name);
begin
    insert into public.user_profiles (id, user_type, couple_id)
    values (v_user_id, 'couple', couple_user.couple)
    on conflict do nothing;
    return v_user_id;
end
$$;

-- The id of the client row that links the two.
create function tests.link(supplier uuid, couple uuid)
    returns uuid
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_client_id uuid := tests.id('link', link.supplier || ' ' || link.couple);
begin
    insert into public.clients (id, supplier_id, couple_id)
    values (v_client_id, link.supplier, link.couple)
    on conflict do nothing;
    return v_client_id;
end
$$;

-- The functions and relations of the package, for what holds for all of them.
create view tests.our_functions as
select
    p.oid,
    p.oid::regprocedure::text as name,
    p.pronamespace::regnamespace::text as schema,
    p.proname,
    p.proowner::regrole::text as owner,
    p.prosecdef,
    p.proacl,
    p.proowner,
    p.proconfig
from pg_proc as p
where
    p.pronamespace in ('public'::regnamespace, 'wedsync_realtime'::regnamespace)
    and not exists (
        select from pg_depend as d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    );

create view tests.our_relations as
select
    c.oid,
    c.oid::regclass::text as name,
    c.relname,
    c.relkind,
    c.relispartition,
    c.relrowsecurity,
    c.relacl
from pg_class as c
where
    c.relkind in ('r', 'p', 'v', 'm', 'f')
    and (
        c.relnamespace = 'wedsync_realtime'::regnamespace
        or c.oid = 'public.realtime_subscriptions'::regclass
        or c.oid = 'public.realtime_activity_logs'::regclass
    );
