-- Which actions a PreferenceJob offers at the moment.

local function ended()
  if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
    return false
  end
  for _, one in ipairs(obj.status.conditions or {}) do
    if one.type == "Succeeded" then
      return one.status ~= "Unknown"
    end
  end
  return false
end

local suspended = obj.spec.suspend == true

return {
  suspend = {
    disabled = suspended or ended(),
    displayName = "Suspend",
    iconClass = "fa fa-fw fa-pause",
  },
  resume = {
    disabled = not suspended,
    displayName = "Resume",
    iconClass = "fa fa-fw fa-play",
  },
  -- A new nonce would stop a run that is under way and begin another one.
  retrain = {
    disabled = not ended(),
    displayName = "Train again",
    iconClass = "fa fa-fw fa-redo",
  },
}
