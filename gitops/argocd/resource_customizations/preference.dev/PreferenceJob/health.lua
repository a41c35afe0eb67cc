-- Health of a PreferenceJob, by the conditions that kstatus goes by, too.

local function condition(kind)
  for _, one in ipairs(obj.status.conditions or {}) do
    if one.type == kind then
      return one
    end
  end
  return {}
end

-- What was written for an earlier spec says nothing about this one. A new object holds -1.
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "The operator has not seen this spec yet." }
end

local ready = condition("Ready")
local status = "Progressing"
if condition("Stalled").status == "True" then
  status = "Degraded"
elseif ready.status == "True" then
  status = "Healthy"
elseif ready.reason == "Suspended" then
  status = "Suspended"
end

return { status = status, message = ready.message or "" }
