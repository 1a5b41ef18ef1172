"""The text of the ``fx`` helpers, in three parts. Data only; ``prelude`` puts them together."""

from __future__ import annotations

NUMBERS = r"""
CREATE OR REPLACE FUNCTION fx.norm(x numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN abs(round(x, 16)) < 1e22::numeric THEN trim_scale(round(x, 16)) END $f$;
CREATE OR REPLACE FUNCTION fx.div(a numeric, b numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN b = 0 THEN NULL ELSE fx.norm(div(a * 1e17::numeric, b) * 1e-17::numeric) END $f$;
CREATE OR REPLACE FUNCTION fx.cnt(n numeric) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN n >= 1000000000 THEN 1000000000 WHEN n > 0 THEN trunc(n)::int WHEN n <= 0 THEN 0 END $f$;
CREATE OR REPLACE FUNCTION fx.round(x numeric, k numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN trunc(k) BETWEEN -15 AND 16 THEN fx.norm(round(x, trunc(k)::int)) END $f$;
CREATE OR REPLACE FUNCTION fx.trunc(x numeric, k numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
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
CREATE OR REPLACE FUNCTION fx.ceiling(x numeric, s numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.steps(x, s, 1) $f$;
CREATE OR REPLACE FUNCTION fx.floor(x numeric, s numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.steps(x, s, -1) $f$;
CREATE OR REPLACE FUNCTION fx.mround(x numeric, s numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
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
CREATE OR REPLACE FUNCTION fx.quotient(a numeric, b numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
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
  SELECT CASE WHEN x >= 0 THEN trim_scale(round(sqrt(round(x, 30)), 12)) END $f$;
CREATE OR REPLACE FUNCTION fx.sum(x numeric[]) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.norm(coalesce(sum(v), 0)) FROM unnest(x) v $f$;
CREATE OR REPLACE FUNCTION fx.avg(x numeric[]) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.div(sum(v), count(v)::numeric) FROM unnest(x) v $f$;
CREATE OR REPLACE FUNCTION fx.product(x numeric[]) RETURNS numeric LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE p numeric; v numeric;
BEGIN
  FOREACH v IN ARRAY x LOOP
    IF v IS NOT NULL THEN p := coalesce(p, 1) * v; END IF;
  END LOOP;
  RETURN fx.norm(p);
END $f$;
CREATE OR REPLACE FUNCTION fx.rmb_group(n int) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
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
CREATE OR REPLACE FUNCTION fx.rmbcap(x numeric) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $f$
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
CREATE OR REPLACE FUNCTION fx.left(t text, n numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT left(t, fx.cnt(n)) $f$;
CREATE OR REPLACE FUNCTION fx.right(t text, n numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT right(t, fx.cnt(n)) $f$;
CREATE OR REPLACE FUNCTION fx.mid(t text, s numeric, n numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT substr(t, CASE WHEN fx.cnt(s) < 1 THEN 1 ELSE fx.cnt(s) END, fx.cnt(n)) $f$;
CREATE OR REPLACE FUNCTION fx.endswith(t text, s text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
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
CREATE OR REPLACE FUNCTION fx.rept(t text, n numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN fx.cnt(n) > 1000 OR fx.cnt(n)::bigint * length(t) > 32767 THEN '' ELSE repeat(t, fx.cnt(n)) END $f$;
CREATE OR REPLACE FUNCTION fx.lpad(t text, n numeric, p text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN fx.cnt(n) > 32767 THEN '' ELSE lpad(t, fx.cnt(n), p) END $f$;
CREATE OR REPLACE FUNCTION fx.rpad(t text, n numeric, p text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN fx.cnt(n) > 32767 THEN '' ELSE rpad(t, fx.cnt(n), p) END $f$;
CREATE OR REPLACE FUNCTION fx.splitpart(t text, s text, k numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN fx.cnt(k) < 1 THEN '' ELSE split_part(t, s, fx.cnt(k)) END $f$;
CREATE OR REPLACE FUNCTION fx.value(x text) RETURNS numeric LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE t text := btrim(x, @BLANKS@); v numeric;
BEGIN
  IF length(t) > 80 OR t !~ '^[+-]?(([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?|\.[0-9]+)%?$' THEN RETURN NULL; END IF;
  v := replace(rtrim(t, '%'), ',', '')::numeric;
  RETURN fx.norm(CASE WHEN right(t, 1) = '%' THEN v * 0.01 ELSE v END);
END $f$;
CREATE OR REPLACE FUNCTION fx.format_number(x numeric, prefix text, grouped boolean, places numeric, percent boolean, suffix text)
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
CREATE OR REPLACE FUNCTION fx.join(x jsonb, sep text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.cap(array_to_string(fx.items(x), sep)) $f$;
CREATE OR REPLACE FUNCTION fx.uuid(x text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN x ~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$' THEN x::uuid END $f$;
"""

DATES = r"""
CREATE OR REPLACE FUNCTION fx.date_text(d date) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT lpad(extract(year FROM d)::text, 4, '0') || '-' || lpad(extract(month FROM d)::text, 2, '0') || '-'
    || lpad(extract(day FROM d)::text, 2, '0') $f$;
CREATE OR REPLACE FUNCTION fx.instant_text(x timestamptz) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.format(x AT TIME ZONE 'UTC', ARRAY['YYYY', '''-', 'MM', '''-', 'DD', '''T', 'HH', ''':', 'mm', ''':', 'ss', '''.'])
    || lpad((extract(microseconds FROM x AT TIME ZONE 'UTC')::int % 1000000 / 1000)::text, 3, '0') || 'Z' $f$;
CREATE OR REPLACE FUNCTION fx.month_length(y int, m int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN m = 2 THEN CASE WHEN y % 4 = 0 AND (y % 100 <> 0 OR y % 400 = 0) THEN 29 ELSE 28 END
    WHEN m IN (4, 6, 9, 11) THEN 30 ELSE 31 END $f$;
CREATE OR REPLACE FUNCTION fx.date(y numeric, m numeric, d numeric) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
BEGIN
  y := trunc(y); m := trunc(m); d := trunc(d);
  IF y NOT BETWEEN 1 AND 9999 OR m NOT BETWEEN 1 AND 12 THEN RETURN NULL; END IF;
  IF d NOT BETWEEN 1 AND fx.month_length(y::int, m::int) THEN RETURN NULL; END IF;
  RETURN make_date(y::int, m::int, d::int);
END $f$;
CREATE OR REPLACE FUNCTION fx.instant(x timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN x >= timestamptz '0001-01-01 00:00:00+00' AND x < timestamptz '10000-01-01 00:00:00+00' THEN x END $f$;
CREATE OR REPLACE FUNCTION fx.local(x timestamptz, z text) RETURNS timestamp
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE l timestamp := x AT TIME ZONE z;
BEGIN
  RETURN CASE WHEN l >= timestamp '0001-01-01' AND l < timestamp '10000-01-01' THEN l END;
END $f$;
CREATE OR REPLACE FUNCTION fx.to_utc(l timestamp, z text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE t timestamptz := l AT TIME ZONE 'UTC'; b timestamptz; a timestamptz; o1 interval; o2 interval; r timestamptz;
BEGIN
  b := t - interval '24 hours'; a := t + interval '24 hours';
  o1 := (b AT TIME ZONE z) - (b AT TIME ZONE 'UTC'); o2 := (a AT TIME ZONE z) - (a AT TIME ZONE 'UTC');
  r := t - o1;
  IF r AT TIME ZONE z <> l AND (t - o2) AT TIME ZONE z = l THEN r := t - o2; END IF;
  RETURN fx.instant(r);
END $f$;
CREATE OR REPLACE FUNCTION fx.datetime(d date, h numeric, mi numeric, s numeric, z text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
BEGIN
  h := trunc(h); mi := trunc(mi); s := trunc(s);
  IF h NOT BETWEEN 0 AND 23 OR mi NOT BETWEEN 0 AND 59 OR s NOT BETWEEN 0 AND 59 THEN RETURN NULL; END IF;
  RETURN fx.to_utc(d + make_time(h::int, mi::int, s::int::double precision), z);
END $f$;
CREATE OR REPLACE FUNCTION fx.datevalue(x text) RETURNS date LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE m text[];
BEGIN
  m := regexp_match(btrim(x, @BLANKS@), '^([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})$');
  RETURN CASE WHEN m IS NOT NULL THEN fx.date(m[1]::numeric, m[3]::numeric, m[4]::numeric) END;
END $f$;
CREATE OR REPLACE FUNCTION fx.datetimevalue(x text, z text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE m text[]; d date; l timestamp; o int;
BEGIN
  m := regexp_match(btrim(x, @BLANKS@), '^([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})'
    || '(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?(Z|[+-][0-9]{2}:[0-9]{2})?$');
  IF m IS NULL THEN RETURN NULL; END IF;
  d := fx.date(m[1]::numeric, m[2]::numeric, m[3]::numeric);
  IF d IS NULL OR m[4]::int > 23 OR m[5]::int > 59 OR coalesce(m[6], '0')::int > 59 THEN RETURN NULL; END IF;
  l := d + make_time(m[4]::int, m[5]::int, (coalesce(m[6], '0') || '.' || coalesce(m[7], '0'))::double precision);
  IF m[8] IS NULL THEN RETURN fx.to_utc(l, z); END IF;
  IF m[8] = 'Z' THEN RETURN l AT TIME ZONE 'UTC'; END IF;
  o := substr(m[8], 2, 2)::int * 60 + substr(m[8], 5, 2)::int;
  IF substr(m[8], 5, 2)::int > 59 OR o > 900 THEN RETURN NULL; END IF;
  RETURN fx.instant((l - make_interval(mins => CASE WHEN left(m[8], 1) = '+' THEN o ELSE -o END)) AT TIME ZONE 'UTC');
END $f$;
CREATE OR REPLACE FUNCTION fx.weekday(d date, t numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN t = 1 THEN extract(dow FROM d) + 1 ELSE extract(isodow FROM d) END::numeric $f$;
CREATE OR REPLACE FUNCTION fx.weeknum(d date, t numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE first int; shift int;
BEGIN
  IF t = 21 THEN RETURN extract(week FROM d)::numeric; END IF;
  first := CASE t WHEN 1 THEN 6 WHEN 2 THEN 0 ELSE (t - 11)::int % 7 END;
  shift := (extract(isodow FROM make_date(extract(year FROM d)::int, 1, 1))::int - 1 - first + 7) % 7;
  RETURN (extract(doy FROM d)::int - 1 + shift) / 7 + 1;
END $f$;
CREATE OR REPLACE FUNCTION fx.adddays(d date, n numeric) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE p numeric := (d - date '0001-01-01') + trunc(n);
BEGIN
  RETURN CASE WHEN p BETWEEN 0 AND 3652058 THEN date '0001-01-01' + p::int END;
END $f$;
CREATE OR REPLACE FUNCTION fx.addmonths(d date, n numeric) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE p numeric := extract(year FROM d)::int * 12 + extract(month FROM d)::int - 1 + trunc(n); y int; m int;
BEGIN
  IF p NOT BETWEEN 12 AND 119999 THEN RETURN NULL; END IF;
  y := p::int / 12; m := p::int % 12 + 1;
  RETURN make_date(y, m, least(extract(day FROM d)::int, fx.month_length(y, m)));
END $f$;
CREATE OR REPLACE FUNCTION fx.eomonth(d date, n numeric) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE f date := fx.addmonths(make_date(extract(year FROM d)::int, extract(month FROM d)::int, 1), n);
BEGIN
  RETURN f + (fx.month_length(extract(year FROM f)::int, extract(month FROM f)::int) - 1);
END $f$;
CREATE OR REPLACE FUNCTION fx.dateadd(d date, n numeric, u text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE u WHEN 'day' THEN fx.adddays(d, n) WHEN 'week' THEN fx.adddays(d, trunc(n) * 7)
    WHEN 'month' THEN fx.addmonths(d, n) WHEN 'quarter' THEN fx.addmonths(d, trunc(n) * 3)
    WHEN 'year' THEN fx.addmonths(d, trunc(n) * 12) END $f$;
CREATE OR REPLACE FUNCTION fx.addseconds(x timestamptz, s numeric) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE e numeric := extract(epoch FROM x) + s; days numeric;
BEGIN
  IF e < -62135596800 OR e >= 253402300800 THEN RETURN NULL; END IF;
  days := floor(e / 86400);
  RETURN (timestamp '1970-01-01' + make_interval(days => days::int, secs => (e - days * 86400)::double precision))
    AT TIME ZONE 'UTC';
END $f$;
CREATE OR REPLACE FUNCTION fx.dateadd_instant(x timestamptz, n numeric, u text, z text) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE l timestamp; size int := CASE u WHEN 'hour' THEN 3600 WHEN 'minute' THEN 60 WHEN 'second' THEN 1 END;
BEGIN
  IF size IS NOT NULL THEN RETURN fx.addseconds(x, trunc(n) * size); END IF;
  l := fx.local(x, z);
  RETURN fx.to_utc(fx.dateadd(l::date, n, u) + l::time, z);
END $f$;
CREATE OR REPLACE FUNCTION fx.months(a date, b date) RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE p date := least(a, b); q date := greatest(a, b);
BEGIN
  RETURN sign(b - a) * ((extract(year FROM q)::int - extract(year FROM p)::int) * 12 + extract(month FROM q)::int
    - extract(month FROM p)::int - (extract(day FROM q) < extract(day FROM p))::int);
END $f$;
CREATE OR REPLACE FUNCTION fx.datedif(a date, b date, u text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE u WHEN 'D' THEN b - a WHEN 'W' THEN (b - a) / 7 WHEN 'M' THEN fx.months(a, b)
    WHEN 'Y' THEN fx.months(a, b) / 12 END::numeric $f$;
CREATE OR REPLACE FUNCTION fx.datedif_instant(a timestamptz, b timestamptz, u text, z text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE size int := CASE u WHEN 'h' THEN 3600 WHEN 'm' THEN 60 WHEN 's' THEN 1 END;
BEGIN
  IF size IS NOT NULL THEN RETURN div(extract(epoch FROM (b - a))::numeric, size); END IF;
  RETURN fx.datedif(fx.local(a, z)::date, fx.local(b, z)::date, u);
END $f$;
CREATE OR REPLACE FUNCTION fx.startof(d date, u text) RETURNS date LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE y int := extract(year FROM d); m int := extract(month FROM d);
BEGIN
  RETURN CASE u WHEN 'week' THEN fx.adddays(d, 1 - extract(isodow FROM d)::int) WHEN 'month' THEN make_date(y, m, 1)
    WHEN 'quarter' THEN make_date(y, (m - 1) / 3 * 3 + 1, 1) WHEN 'year' THEN make_date(y, 1, 1) ELSE d END;
END $f$;
CREATE OR REPLACE FUNCTION fx.startof_instant(x timestamptz, u text, z text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.to_utc(fx.startof(fx.local(x, z)::date, u)::timestamp, z) $f$;
CREATE OR REPLACE FUNCTION fx.seconds(x numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN abs(round(x, 3)) < 1e12::numeric THEN trim_scale(round(x, 3)) END $f$;
CREATE OR REPLACE FUNCTION fx.duration_over(a numeric, n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN n = 0 THEN NULL ELSE fx.seconds(div(a * 1000000, n) * 0.000001) END $f$;
CREATE OR REPLACE FUNCTION fx.day_intervals(d date, c jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT CASE WHEN c -> 'workdays' ? fx.date_text(d) THEN c -> 'week' -> (c -> 'workdays' ->> fx.date_text(d))::int
    WHEN c -> 'holidays' ? fx.date_text(d) THEN '[]'::jsonb
    ELSE c -> 'week' -> (extract(isodow FROM d)::int - 1) END $f$;
CREATE OR REPLACE FUNCTION fx.is_workday(d date, c jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $f$
  SELECT fx.day_intervals(d, c) <> '[]'::jsonb $f$;
CREATE OR REPLACE FUNCTION fx.networkdays(a date, b date, c jsonb) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE p date := least(a, b); q date := greatest(a, b); days int; total int := 0; w boolean[]; x date;
BEGIN
  FOR i IN 0..6 LOOP w[i] := c -> 'week' -> i <> '[]'::jsonb; END LOOP;
  days := q - p + 1;
  FOR i IN 0..6 LOOP total := total + w[i]::int * (days / 7); END LOOP;
  FOR i IN 0..(days % 7 - 1) LOOP total := total + w[(extract(isodow FROM p)::int - 1 + i) % 7]::int; END LOOP;
  FOR x IN SELECT t::date FROM (SELECT jsonb_array_elements_text(c -> 'holidays') t
      UNION SELECT jsonb_object_keys(c -> 'workdays')) s LOOP
    IF x BETWEEN p AND q THEN
      total := total + fx.is_workday(x, c)::int - w[extract(isodow FROM x)::int - 1]::int;
    END IF;
  END LOOP;
  RETURN CASE WHEN a <= b THEN total ELSE -total END;
END $f$;
CREATE OR REPLACE FUNCTION fx.workday(d date, n numeric, c jsonb) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE rest int; step int := CASE WHEN n > 0 THEN 1 ELSE -1 END; p int := d - date '0001-01-01';
BEGIN
  IF trunc(n) = 0 THEN RETURN d; END IF;
  IF abs(trunc(n)) > 10000 OR NOT jsonb_path_exists(c, '$.week[*] ? (@.size() > 0)') THEN RETURN NULL; END IF;
  rest := abs(trunc(n))::int;
  WHILE rest > 0 LOOP
    p := p + step;
    IF p NOT BETWEEN 0 AND 3652058 THEN RETURN NULL; END IF;
    IF fx.is_workday(date '0001-01-01' + p, c) THEN rest := rest - 1; END IF;
  END LOOP;
  RETURN date '0001-01-01' + p;
END $f$;
CREATE OR REPLACE FUNCTION fx.workhours(a timestamptz, b timestamptz, c jsonb, z text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $f$
DECLARE p timestamp := fx.local(least(a, b), z); q timestamp := fx.local(greatest(a, b), z);
  day date; i jsonb; low numeric; high numeric; total numeric := 0; swapped boolean;
BEGIN
  IF p IS NULL OR q IS NULL THEN RETURN NULL; END IF;
  swapped := fx.local(a, z) > fx.local(b, z);
  IF p > q THEN p := fx.local(greatest(a, b), z); q := fx.local(least(a, b), z); END IF;
  IF q::date - p::date > 20000 THEN RETURN NULL; END IF;
  day := p::date;
  WHILE day <= q::date LOOP
    FOR i IN SELECT jsonb_array_elements(fx.day_intervals(day, c)) LOOP
      low := (i ->> 0)::numeric; high := (i ->> 1)::numeric;
      IF day = p::date THEN low := greatest(low, trunc(extract(epoch FROM p::time), 3)); END IF;
      IF day = q::date THEN high := least(high, trunc(extract(epoch FROM q::time), 3)); END IF;
      total := total + greatest(high - low, 0);
    END LOOP;
    day := day + 1;
  END LOOP;
  RETURN fx.div(CASE WHEN swapped THEN -total ELSE total END, 3600);
END $f$;
"""
