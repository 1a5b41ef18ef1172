"""The text of the ``fx`` helpers, numbers and texts. Data only; ``prelude`` puts them together."""

from __future__ import annotations

NUMBERS = r"""
CREATE OR REPLACE FUNCTION fx.norm(x numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN abs(round(x, 16)) < 1e22::numeric THEN trim_scale(round(x, 16)) END $f$;
CREATE OR REPLACE FUNCTION fx.div(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN b = 0 THEN NULL ELSE fx.norm(div(a * 1e17::numeric, b) * 1e-17::numeric) END $f$;
CREATE OR REPLACE FUNCTION fx.cnt(n numeric) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN n >= 1000000000 THEN 1000000000 WHEN n > 0 THEN trunc(n)::int WHEN n <= 0 THEN 0 END $f$;
CREATE OR REPLACE FUNCTION fx.round(x numeric, k numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN trunc(k) BETWEEN -15 AND 16 THEN fx.norm(round(x, trunc(k)::int)) END $f$;
CREATE OR REPLACE FUNCTION fx.trunc(x numeric, k numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN trunc(k) BETWEEN -15 AND 16 THEN fx.norm(trunc(x, trunc(k)::int)) END $f$;
CREATE OR REPLACE FUNCTION fx.roundup(x numeric, k numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE n int; t numeric;
BEGIN
  IF trunc(k) NOT BETWEEN -15 AND 16 THEN RETURN NULL; END IF;
  n := trunc(k)::int; t := trunc(x, n);
  IF t <> x THEN t := t + sign(x) * (CASE WHEN n > 0 THEN ('1e-' || n)::numeric ELSE ('1e' || -n)::numeric END); END IF;
  RETURN fx.norm(t);
END $f$;
CREATE OR REPLACE FUNCTION fx.steps(x numeric, step numeric, way int) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE s numeric := abs(step); q numeric; r numeric;
BEGIN
  IF s = 0 THEN RETURN NULL; END IF;
  q := div(x, s); r := x - q * s;
  IF way > 0 AND r > 0 THEN q := q + 1;
  ELSIF way < 0 AND r < 0 THEN q := q - 1;
  ELSIF way = 0 AND abs(r) * 2 >= s THEN q := q + sign(r);
  END IF;
  RETURN fx.norm(q * s);
END $f$;
CREATE OR REPLACE FUNCTION fx.ceiling(x numeric, s numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.steps(x, s, 1) $f$;
CREATE OR REPLACE FUNCTION fx.floor(x numeric, s numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.steps(x, s, -1) $f$;
CREATE OR REPLACE FUNCTION fx.mround(x numeric, s numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.steps(x, s, 0) $f$;
CREATE OR REPLACE FUNCTION fx.mod(a numeric, b numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE r numeric;
BEGIN
  IF b = 0 THEN RETURN NULL; END IF;
  r := a % b;
  IF r <> 0 AND (r < 0) <> (b < 0) THEN r := r + b; END IF;
  RETURN fx.norm(r);
END $f$;
CREATE OR REPLACE FUNCTION fx.quotient(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN b = 0 THEN NULL ELSE fx.norm(div(a, b)) END $f$;
CREATE OR REPLACE FUNCTION fx.power(x numeric, k numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE p numeric := 1;
BEGIN
  IF abs(k) > 64 OR k <> trunc(k) OR (x = 0 AND k <= 0) THEN RETURN NULL; END IF;
  FOR i IN 1..abs(k)::int LOOP p := p * x; END LOOP;
  RETURN CASE WHEN k >= 0 THEN fx.norm(p) ELSE fx.div(1, p) END;
END $f$;
CREATE OR REPLACE FUNCTION fx.sqrt(x numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  -- A root can come as near as 5e-38 to the middle between two results; 40 digits tell on which side it is.
  SELECT CASE WHEN x >= 0 THEN trim_scale(round(sqrt(round(x, 40)), 12)) END $f$;
CREATE OR REPLACE FUNCTION fx.sum(x numeric[]) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.norm(coalesce(sum(v), 0)) FROM unnest(x) v $f$;
CREATE OR REPLACE FUNCTION fx.avg(x numeric[]) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.div(sum(v), count(v)::numeric) FROM unnest(x) v $f$;
CREATE OR REPLACE FUNCTION fx.product(x numeric[]) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE p numeric; v numeric;
BEGIN
  FOREACH v IN ARRAY x LOOP
    IF v IS NOT NULL THEN p := coalesce(p, 1) * v; END IF;
  END LOOP;
  RETURN fx.norm(p);
END $f$;
CREATE OR REPLACE FUNCTION fx.rmb_group(n int) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE r text := ''; gap boolean := false; d int; u text[] := ARRAY['仟', '佰', '拾', ''];
BEGIN
  FOR i IN 1..4 LOOP
    d := substr(lpad(n::text, 4, '0'), i, 1)::int;
    IF d > 0 THEN
      r := r || CASE WHEN gap AND r <> '' THEN '零' ELSE '' END || substr('零壹贰叁肆伍陆柒捌玖', d + 1, 1) || u[i];
      gap := false;
    ELSE gap := true;
    END IF;
  END LOOP;
  RETURN r;
END $f$;
CREATE OR REPLACE FUNCTION fx.rmb_eight(n int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN n < 10000 THEN fx.rmb_group(n)
    ELSE fx.rmb_group(n / 10000) || '万'
      || CASE WHEN n % 10000 BETWEEN 1 AND 999 THEN '零' ELSE '' END || fx.rmb_group(n % 10000) END $f$;
CREATE OR REPLACE FUNCTION fx.rmbcap(x numeric) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $f$
DECLARE c numeric; y numeric; rest int; hi int; lo int; r text := ''; f text := '零壹贰叁肆伍陆柒捌玖';
BEGIN
  IF x IS NULL OR x < 0 THEN RETURN ''; END IF;
  c := round(x * 100); y := div(c, 100); rest := (c - y * 100)::int;
  IF y >= 1e16::numeric THEN RETURN ''; END IF;
  hi := div(y, 100000000)::int; lo := (y % 100000000)::int;
  IF hi > 0 THEN r := fx.rmb_eight(hi) || '亿'; END IF;
  IF lo > 0 THEN r := r || CASE WHEN hi > 0 AND lo < 10000000 THEN '零' ELSE '' END || fx.rmb_eight(lo); END IF;
  IF y > 0 THEN r := r || '元'; END IF;
  IF rest = 0 THEN RETURN CASE WHEN y > 0 THEN r || '整' ELSE '零元整' END; END IF;
  IF rest >= 10 THEN r := r || substr(f, rest / 10 + 1, 1) || '角';
  ELSIF y > 0 THEN r := r || '零';
  END IF;
  RETURN r || CASE WHEN rest % 10 > 0 THEN substr(f, rest % 10 + 1, 1) || '分' ELSE '' END;
END $f$;
"""

TEXTS = r"""
CREATE OR REPLACE FUNCTION fx.cap(x text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN length(x) <= 32767 THEN x ELSE '' END $f$;
CREATE OR REPLACE FUNCTION fx.trim(x text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT btrim(x, @BLANKS@) $f$;
CREATE OR REPLACE FUNCTION fx.left(t text, n numeric) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT left(t, fx.cnt(n)) $f$;
CREATE OR REPLACE FUNCTION fx.right(t text, n numeric) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT right(t, fx.cnt(n)) $f$;
CREATE OR REPLACE FUNCTION fx.mid(t text, s numeric, n numeric) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT substr(t, CASE WHEN fx.cnt(s) < 1 THEN 1 ELSE fx.cnt(s) END, fx.cnt(n)) $f$;
CREATE OR REPLACE FUNCTION fx.endswith(t text, s text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT right(t, length(s)) = s $f$;
CREATE OR REPLACE FUNCTION fx.find(sub text, t text, start numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE s int := fx.cnt(start); p int;
BEGIN
  IF s < 1 OR s > length(t) + 1 THEN RETURN 0; END IF;
  p := position(sub IN substr(t, s));
  RETURN CASE WHEN p = 0 THEN 0 ELSE p + s - 1 END;
END $f$;
CREATE OR REPLACE FUNCTION fx.substitute(t text, old text, new text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE n bigint;
BEGIN
  IF old = '' THEN RETURN t; END IF;
  n := (length(t) - length(replace(t, old, ''))) / length(old);
  IF length(t) + n * (length(new) - length(old)) > 32767 THEN RETURN ''; END IF;
  RETURN replace(t, old, new);
END $f$;
CREATE OR REPLACE FUNCTION fx.replace(t text, s numeric, n numeric, new text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE f int := least(greatest(fx.cnt(s), 1), length(t) + 1);
BEGIN
  RETURN fx.cap(left(t, f - 1) || new || substr(t, f + fx.cnt(n)));
END $f$;
CREATE OR REPLACE FUNCTION fx.rept(t text, n numeric) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN fx.cnt(n) > 1000 OR fx.cnt(n)::bigint * length(t) > 32767 THEN '' ELSE repeat(t, fx.cnt(n)) END $f$;
CREATE OR REPLACE FUNCTION fx.lpad(t text, n numeric, p text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN fx.cnt(n) > 32767 THEN '' ELSE lpad(t, fx.cnt(n), p) END $f$;
CREATE OR REPLACE FUNCTION fx.rpad(t text, n numeric, p text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN fx.cnt(n) > 32767 THEN '' ELSE rpad(t, fx.cnt(n), p) END $f$;
CREATE OR REPLACE FUNCTION fx.splitpart(t text, s text, k numeric) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN fx.cnt(k) < 1 THEN '' ELSE split_part(t, s, fx.cnt(k)) END $f$;
CREATE OR REPLACE FUNCTION fx.value(x text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE t text := btrim(x, @BLANKS@); v numeric;
BEGIN
  IF length(t) > 80 OR t !~ '^[+-]?(([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?|\.[0-9]+)%?$' THEN RETURN NULL; END IF;
  v := replace(rtrim(t, '%'), ',', '')::numeric;
  RETURN fx.norm(CASE WHEN right(t, 1) = '%' THEN v * 0.01 ELSE v END);
END $f$;
CREATE OR REPLACE FUNCTION fx.format_number(x numeric, prefix text, grouped boolean, places numeric,
  percent boolean, suffix text)
RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $f$
DECLARE y numeric; t text; h text;
BEGIN
  IF x IS NULL THEN RETURN ''; END IF;
  y := round(CASE WHEN percent THEN x * 100 ELSE x END, places::int);
  t := abs(y)::text; h := split_part(t, '.', 1);
  IF grouped THEN h := regexp_replace(h, '(\d)(?=(\d{3})+$)', '\1,', 'g'); END IF;
  RETURN CASE WHEN y < 0 THEN '-' ELSE '' END || prefix || h
    || CASE WHEN places > 0 THEN '.' || split_part(t, '.', 2) ELSE '' END
    || CASE WHEN percent THEN '%' ELSE '' END || suffix;
END $f$;
CREATE OR REPLACE FUNCTION fx.format(x timestamp, parts text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $f$
DECLARE r text := ''; p text; n int;
BEGIN
  IF x IS NULL THEN RETURN ''; END IF;
  FOREACH p IN ARRAY parts LOOP
    IF left(p, 1) = '''' THEN r := r || substr(p, 2); CONTINUE; END IF;
    n := CASE left(p, 1)
      WHEN 'Y' THEN extract(year FROM x) WHEN 'M' THEN extract(month FROM x) WHEN 'D' THEN extract(day FROM x)
      WHEN 'H' THEN extract(hour FROM x) WHEN 'm' THEN extract(minute FROM x) ELSE trunc(extract(second FROM x)) END;
    IF p = 'YY' THEN n := n % 100; END IF;
    r := r || lpad(n::text, greatest(length(p), length(n::text)), '0');
  END LOOP;
  RETURN r;
END $f$;
CREATE OR REPLACE FUNCTION fx.format_duration(x numeric, parts text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $f$
DECLARE r text := ''; p text; n bigint; d bigint := 0; h bigint := 0; m bigint := 0; s bigint; minus boolean;
BEGIN
  IF x IS NULL THEN RETURN ''; END IF;
  s := trunc(abs(x))::bigint; minus := x < 0 AND s > 0;
  IF 'D' = ANY(parts) THEN d := s / 86400; s := s % 86400; END IF;
  IF 'H' = ANY(parts) OR 'HH' = ANY(parts) THEN h := s / 3600; s := s % 3600; END IF;
  IF 'm' = ANY(parts) OR 'mm' = ANY(parts) THEN m := s / 60; s := s % 60; END IF;
  FOREACH p IN ARRAY parts LOOP
    IF left(p, 1) = '''' THEN r := r || substr(p, 2); CONTINUE; END IF;
    n := CASE left(p, 1) WHEN 'D' THEN d WHEN 'H' THEN h WHEN 'm' THEN m ELSE s END;
    r := r || lpad(n::text, greatest(length(p), length(n::text)), '0');
  END LOOP;
  RETURN CASE WHEN minus THEN '-' ELSE '' END || r;
END $f$;
CREATE OR REPLACE FUNCTION fx.label(x text, keys text[], labels text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT coalesce(labels[array_position(keys, x)], x, '') $f$;
CREATE OR REPLACE FUNCTION fx.items(x jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT ARRAY(SELECT jsonb_array_elements_text(CASE jsonb_typeof(x) WHEN 'array' THEN x ELSE '[]' END)) $f$;
CREATE OR REPLACE FUNCTION fx.join(x jsonb, sep text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.cap(array_to_string(fx.items(x), sep)) $f$;
CREATE OR REPLACE FUNCTION fx.uuid(x text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN x ~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$' THEN x::uuid END $f$;
"""
