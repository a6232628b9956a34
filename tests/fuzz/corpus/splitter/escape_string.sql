select E'a\';b'; select e'\\'; select E'a'
  -- c
 'b\';';