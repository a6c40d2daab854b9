-- 0002 auth: Supabase's auth.users, auth.uid(), auth.role(), auth.jwt() where they are absent.
-- Undo: by uninstall alone (drops what this file made, where it holds nothing).

do $$
begin
    if to_regnamespace('auth') is null then
        create schema auth;
        grant usage on schema auth to anon, authenticated, service_role;
        comment on schema auth is 'Identity, with the meaning that Supabase gives it.';
    end if;

    if to_regclass('auth.users') is null then
        create table auth.users (
            id                 uuid not null default gen_random_uuid(),
            email              text,
            role               text,
            raw_app_meta_data  jsonb,
            raw_user_meta_data jsonb,
            created_at         timestamptz not null default now(),
            constraint users_pkey primary key (id)
        );
        alter table auth.users enable row level security;
        comment on table auth.users is 'Everybody who can sign in.';
        comment on column auth.users.id is 'The user: sub in the claims.';
        comment on column auth.users.email is 'Address used to sign in.';
        comment on column auth.users.role is 'Database role of the user''s requests.';
        comment on column auth.users.raw_app_meta_data is 'Written by the server.';
        comment on column auth.users.raw_user_meta_data is 'Written by the user: never trusted.';
        comment on column auth.users.created_at is 'When the user signed up.';
    end if;

    if to_regprocedure('auth.jwt()') is null then
        create function auth.jwt()
            returns jsonb
            language sql
            stable
            set search_path = pg_catalog, pg_temp
        as $body$
            select coalesce(
                nullif(current_setting('request.jwt.claim', true), ''),
                nullif(current_setting('request.jwt.claims', true), '')
            )::jsonb
        $body$;
        comment on function auth.jwt() is 'Claims of the request, null without any.';
        revoke execute on function auth.jwt() from public;
        grant execute on function auth.jwt() to anon, authenticated, service_role;
    end if;

    if to_regprocedure('auth.uid()') is null then
        create function auth.uid()
            returns uuid
            language sql
            stable
            set search_path = pg_catalog, pg_temp
        as $body$
            select coalesce(
                nullif(current_setting('request.jwt.claim.sub', true), ''),
                nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
            )::uuid
        $body$;
        comment on function auth.uid() is 'User of the request, null without a session.';
        revoke execute on function auth.uid() from public;
        grant execute on function auth.uid() to anon, authenticated, service_role;
    end if;

    if to_regprocedure('auth.role()') is null then
        create function auth.role()
            returns text
            language sql
            stable
            set search_path = pg_catalog, pg_temp
        as $body$
            select coalesce(
                nullif(current_setting('request.jwt.claim.role', true), ''),
                nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
            )
        $body$;
        comment on function auth.role() is 'Role that the request claims.';
        revoke execute on function auth.role() from public;
        grant execute on function auth.role() to anon, authenticated, service_role;
    end if;
end
$$;
